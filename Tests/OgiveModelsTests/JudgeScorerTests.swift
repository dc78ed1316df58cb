import FoundationEssentials
import Glibc
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
        (graded { $0.samples = 2 }, "samples means nothing"),
        (graded { $0.grades = ["A": 1] }, "2 to 100 tokens"),
        (graded { $0.grades = ["A": 1, " B": 2] }, "white space"),
        (graded { $0.grades = ["A": 1, "": 2] }, "must not be empty"),
        (graded { $0.grades = ["A": 1, "B": 11] }, "not in judge.min…judge.max"),
        (graded { $0.maximum = 1e9 }, "so many whole numbers"),
        (graded { $0.minimumMass = 1.5 }, "min_mass"), (graded { $0.tokens = 0 }, "top_logprobs"),
    ])
    func badRubricIsExplained(_ spec: JudgeSpec, _ problem: String) {
        #expect(JudgeScorer.problem(of: spec)?.contains(problem) == true)
    }

    private static func graded(_ change: (inout JudgeSpec) -> Void = { _ in }) -> JudgeSpec {
        spec {
            $0.rule = .expectedGrade
            change(&$0)
        }
    }

    /// The likeliest tokens with their probabilities, and the reward; `nil` for a failure.
    private static let likeliest: [(top: [(String, Double)], reward: Double?)] = [
        // The mean over what the grades have; other tokens count to nobody.
        ([("4", 0.5), ("5", 0.25), ("x", 0.25)], 13.0 / 3),
        // White space around a token is none of it; the same grade twice is added.
        ([(" 2", 0.25), ("2\n", 0.25), ("4", 0.5)], 3), ([("10", 1)], 10),
        // Too little, nothing, and no grade of the range.
        ([("4", 0.49), ("x", 0.51)], nil), ([("x", 1)], nil), ([("11", 0.6), ("1.0", 0.4)], nil),
    ]

    @Test(arguments: likeliest)
    func expectedGradeIsTheMeanOverProbabilities(
        _ top: [(String, Double)], _ reward: Double?
    ) throws {
        let grade = ExpectedGrade(Self.graded { $0.minimumMass = 0.5 })
        let tokens = top.map { (token: $0.0, logProbability: log($0.1)) }
        if let reward {
            #expect(abs(try grade.reward(tokens) - reward) < 1e-12)
        } else {
            let error = #expect(throws: ModelError.self) { try grade.reward(tokens) }
            #expect(error?.code == .malformed && error?.isRetriable == false)
            #expect(error?.message.contains("judge.min_mass 0.5") == true)
        }
    }

    @Test func expectedGradeAsksForTheProbabilitiesOfOneToken() async throws {
        struct Body: Decodable {
            var logprobs: Bool
            var top_logprobs: Int
            var max_tokens: Int
            var temperature: Double
        }
        let judge = Self.graded {
            $0.grades = ["yes": 10, "no": 1]
            $0.minimumMass = 0.2
            $0.tokens = 7
        }
        let script = CompletionPolicyTests.script(vLLM: true) { _ in
            #"{"choices":[{"index":0,"finish_reason":"length","message":{"content":"yes"},"#
                + #""logprobs":{"content":[{"token":"yes","logprob":-0.5,"top_logprobs":["#
                + #"{"token":"yes","logprob":-0.6931471805599453},"#
                + #"{"token":" no","logprob":-1.3862943611198906},"#
                + #"{"token":"?","logprob":-9999}]}]}}],"#
                + #""usage":{"prompt_tokens":9,"completion_tokens":1}}"#
        }
        try await ScriptedServer.serving(script) { server in
            let score = try await (try scorer(server.url, judge)).score(requests(["4"]))[0].get()
            #expect(abs(score.reward - 7) < 1e-12)
            #expect(score.tokens != nil)
            let body = try #require(
                server.requests.filter { $0.method == "POST" }.compactMap {
                    try? JSONDecoder().decode(Body.self, from: Data($0.body.utf8))
                }.last)
            #expect(body.logprobs && body.top_logprobs == 7)
            #expect(body.max_tokens == 1 && body.temperature == 1)
        }
    }

    @Test func answerWithoutProbabilitiesIsAFailure() async throws {
        let script = CompletionPolicyTests.script(vLLM: true) { _ in Self.answer("4") }
        try await ScriptedServer.serving(script) { server in
            let answer = await (try scorer(server.url, Self.graded())).score(requests(["4"]))[0]
            #expect(answer.code == .malformed)
            #expect(answer.message.contains("no top_logprobs"))
        }
    }

    /// Old rubrics keep their identity: what they do not use is not written.
    @Test func expectedGradeIsPartOfTheIdentityOnlyWhereItIsUsed() throws {
        let plain = CanonicalJSON.text(Self.spec())
        for key in ["grades", "min_mass", "top_logprobs"] { #expect(!plain.contains(key)) }
        let graded = CanonicalJSON.text(Self.graded { $0.minimumMass = 0.5 })
        #expect(graded.contains("expected_grade") && graded.contains("min_mass"))
    }

    /// 200 items against a mean that is computed here, from what the server says of its first
    /// token when it is asked by hand.
    @Test func expectedGradeOfARealModelIsTheMeanOfItsOwnProbabilities() async throws {
        try await LlamaServer.serving(.policy) { url in
            let judge = Self.graded {
                $0.prompt = "{{completion}}"
                $0.minimumMass = 0
                $0.grades = ["T": 1, "a": 4, "Zo": 7, "pens": 2, "s": 3, "m": 10]
                $0.tokens = 50
            }
            let scorer = try scorer(url, judge)
            let texts = (0..<200).map { "Tom has \($0) apples and \($0 % 7) pears. How many?" }
            let answers = await scorer.score(requests(texts))
            let server = try Samples.connection(url, model: "tiny-policy")
            var compared: Set<Double> = []
            for (text, answer) in zip(texts, answers) {
                let body: [String: JSONValue] = [
                    "model": .text("tiny-policy"),
                    "messages": .messages([ChatMessage(role: "user", content: text)]),
                    "max_tokens": .integer(1), "temperature": .integer(0), "seed": .integer(5),
                    "logprobs": .flag(true), "top_logprobs": .integer(50),
                ]
                let data = try await server.post(
                    "/v1/chat/completions", JSONValue.object(body))
                let wanted = try #require(try Self.mean(data, judge.grades ?? [:]))
                let read = try ExpectedGrade(judge).score(data, url: "u").reward
                #expect(abs(read - wanted) < 1e-12, "\(text)")
                // Its cache has 16 bits, and what shares a batch changes the rounding.
                let reward = try answer.get().reward
                #expect(abs(reward - wanted) < 0.02, "\(text): \(reward) \(wanted)")
                compared.insert(reward)
            }
            #expect(compared.count > 50)
        }
    }

    /// Σ p g / Σ p over the grades in an answer; `nil` without any.
    private static func mean(_ data: Data, _ grades: [String: Double]) throws -> Double? {
        struct Answer: Decodable {
            struct Choice: Decodable {
                struct Content: Decodable {
                    struct Position: Decodable {
                        struct Token: Decodable {
                            var token: String
                            var logprob: Double
                        }
                        var top_logprobs: [Token]
                    }
                    var content: [Position]
                }
                var logprobs: Content
            }
            var choices: [Choice]
        }
        let answer = try JSONDecoder().decode(Answer.self, from: data)
        let top = try #require(answer.choices.first?.logprobs.content.first).top_logprobs
        var (mass, sum) = (0.0, 0.0)
        for token in top {
            let name = token.token.split(whereSeparator: \.isWhitespace).joined()
            guard let grade = grades[name] else { continue }
            mass += exp(token.logprob)
            sum += exp(token.logprob) * grade
        }
        return mass > 0 ? sum / mass : nil
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
