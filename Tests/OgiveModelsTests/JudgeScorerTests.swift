import FoundationEssentials
import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

/// The judge before scripted answers, and before a real model that cannot judge.
@Suite(.timeLimit(.minutes(10))) struct JudgeScorerTests {
    private static func spec(_ change: (inout JudgeSpec) -> Void = { _ in }) -> JudgeSpec {
        var judge = JudgeSpec(
            prompt: "Question: {{prompt}}\nAnswer: {{completion}}\nRight: {{metadata.answer}}",
            minimum: 1, maximum: 10)
        change(&judge)
        return judge
    }

    private func scorer(_ url: String, _ judge: JudgeSpec) throws -> JudgeScorer {
        try JudgeScorer(
            server: try Samples.connection(url, model: "tiny-policy"), spec: judge, connections: 2)
    }

    private func requests(_ texts: [String]) -> [ScoreRequest] {
        texts.map {
            ScoreRequest(
                prompt: Samples.prompt(
                    .chat([ChatMessage(role: "user", content: "2 + 2?")]),
                    metadata: #"{"answer": 4}"#), completion: $0)
        }
    }

    private static func answer(_ text: String, _ finish: String = "stop") -> String {
        let content = String(
            decoding: (try? JSONEncoder().encode([text])) ?? Data(), as: UTF8.self
        ).dropFirst().dropLast()
        return #"{"choices":[{"index":0,"finish_reason":"\#(finish)","#
            + #""message":{"role":"assistant","content":\#(content)}}]}"#
    }

    @Test func asksUnderTheRubricAndAveragesItsAnswers() async throws {
        struct Body: Decodable {
            var messages: [ChatMessage]
            var seed: Int
            var temperature: Double
            var max_tokens: Int
            var top_k: Int
        }
        @Sendable func body(_ request: ScriptedServer.Request) -> Body? {
            try? JSONDecoder().decode(Body.self, from: Data(request.body.utf8))
        }
        let judge = Self.spec {
            $0.system = "You grade."
            $0.temperature = 0.5
            $0.seed = 7
            $0.samples = 2
        }
        // The grade is the seed: 7 and 8.
        let script = CompletionPolicyTests.script(vLLM: true) { request in
            Self.answer("Fine.\n\nGrade: \(body(request)?.seed ?? 0)")
        }
        try await ScriptedServer.serving(script) { server in
            let scores = await (try scorer(server.url, judge)).score(requests(["It is 4."]))
            #expect(scores == [.success(Score(7.5))])
            let bodies = server.requests.filter { $0.method == "POST" }.compactMap(body)
            #expect(bodies.map(\.seed) == [7, 8])
            #expect(bodies.allSatisfy { $0.temperature == 0.5 && $0.max_tokens == 1_024 })
            #expect(bodies[0].top_k == -1)
            #expect(
                bodies[0].messages == [
                    ChatMessage(role: "system", content: "You grade."),
                    ChatMessage(
                        role: "user", content: "Question: 2 + 2?\nAnswer: It is 4.\nRight: 4"),
                ])
        }
    }

    @Test(arguments: [
        ("I say 3, no, 7.", JudgeSpec.Rule.lastNumber, 7.0 as Double?), ("-0", .lastNumber, nil),
        ("great", .lastNumber, nil), ("", .lastNumber, nil), ("11", .lastNumber, nil),
        ("Grade: 8/10", .regex, 8), ("Grade: 2/10 … Grade: 9/10", .regex, 9),
        ("Grade: 99/10", .regex, nil), ("8/10", .regex, nil),
        (#"{"a": {"grade": 4.5}}"#, .json, 4.5),
        ("```json\n{\"a\": {\"grade\": 4}}\n```", .json, 4),
        (#"{"a": {"grade": "4"}}"#, .json, nil), (#"{"grade": 4}"#, .json, nil),
        (#"{"a": {"grade": 0.5}}"#, .json, nil), ("{", .json, nil),
    ])
    func numberOfAnAnswer(_ text: String, _ rule: JudgeSpec.Rule, _ reward: Double?) async throws {
        let reader = try JudgeReader(
            Self.spec {
                $0.rule = rule
                $0.pattern = #"Grade: (\d+)/10"#
                $0.pointer = "/a/grade"
            })
        let body = Data(Self.answer(text).utf8)
        if let reward {
            #expect(try await reader.score(body, url: "u").reward == reward)
        } else {
            let error = await #expect(throws: ModelError.self) {
                try await reader.score(body, url: "u")
            }
            #expect(error?.code == .malformed)
            #expect(error?.isRetriable == false)
        }
    }

    @Test func answerThatWasCutOffIsAFailure() async throws {
        let script = CompletionPolicyTests.script(vLLM: true) { _ in
            Self.answer("First, 4 is the sum of", "length")
        }
        try await ScriptedServer.serving(script) { server in
            let answer = await (try scorer(server.url, Self.spec())).score(requests(["4"]))[0]
            #expect(answer.code == .malformed)
            #expect(answer.message.contains("cut off at 1024 tokens"))
        }
    }

    @Test(arguments: [
        (spec { $0.prompt = "{{prompt}}" }, "does not hold the completion"),
        (spec { $0.prompt = "{{completion}} {{nothing}}" }, "means nothing"),
        (spec { $0.maximum = 1 }, "less than"), (spec { $0.temperature = -1 }, "temperature"),
        (spec { $0.rule = .regex }, "pattern is missing"),
        (spec { $0.pattern = "(" }, "no regular expression"),
        (spec { $0.rule = .json }, "pointer is missing"), (spec { $0.samples = 0 }, "samples"),
    ])
    func badRubricIsExplained(_ spec: JudgeSpec, _ problem: String) {
        #expect(JudgeScorer.problem(of: spec)?.contains(problem) == true)
    }

    /// The tiny policy answers sums. Whatever it says is a number in range or a failure.
    @Test func realModelThatCannotJudgeFailsOrStaysInRange() async throws {
        try await LlamaServer.serving(.policy) { url in
            let judge = Self.spec {
                $0.prompt = "{{completion}}"
                $0.maxTokens = 32
                $0.minimum = 10
                $0.maximum = 20
            }
            let scorer = try scorer(url, judge)
            #expect(try await scorer.fingerprint().facts["endpoint"] == "judge")
            let answers = await scorer.score(
                requests([Samples.question, "What is it?", "Grade this from 10 to 20."]))
            for answer in answers {
                switch answer {
                case .success(let score): #expect((10...20).contains(score.reward))
                case .failure(let error): #expect(error.code == .malformed, "\(error)")
                }
            }
            // Temperature 0 and a seed: the same again.
            let again = await scorer.score(requests([Samples.question]))
            #expect(again[0].map(\.reward) == answers[0].map(\.reward))
        }
    }
}
