import Foundation
import Harness
import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

/// `deploy/scorers/reward_model.py` against plain transformers, behind the `command` scorer.
///
/// Skipped, with the reason, where torch and transformers are not there.
@Suite(.timeLimit(.minutes(10))) struct RewardModelTests {
    private static let models = ["reward-llama-hf", "reward-qwen3-hf"]
    /// Rewards are float32 logits of about ±2; sums in another order differ by less than this.
    private static let tolerance = 1e-4

    @Test("Rewards of batches are those of plain transformers, one by one", arguments: models)
    func equalsTransformers(model: String) async throws {
        guard let setup = RewardModelSetup(model) else { return }
        let requests = Self.requests(300)
        let expected = try await setup.plain(requests)
        #expect(Set(expected).count > 200)
        try await setup.withScorer(batchSize: 150) { scorer in
            let answers = await scorer.score(requests)
            let rewards = answers.compactMap { try? $0.get().reward }
            #expect(rewards.count == requests.count, "\(answers.map(\.message).prefix(3))")
            let worst = zip(rewards, expected).map { abs($0 - $1) }.max() ?? .infinity
            print("\(model): \(requests.count) rewards differ from transformers by \(worst)")
            #expect(worst < Self.tolerance)
            let conformance = ScorerConformance(
                scorer: scorer, requests: Array(requests.prefix(7)), tolerance: Self.tolerance)
            #expect(await conformance.problems() == [])
        }
    }

    @Test("What cannot be seen from outside holds", arguments: models)
    func inner(model: String) async throws {
        guard let setup = RewardModelSetup(model) else { return }
        let (status, output) = try await setup.check("inner", input: "")
        #expect(status == 0, "\(output.suffix(2000))")
    }

    @Test("What is too long fails alone, with its code")
    func overflow() async throws {
        guard let setup = RewardModelSetup(Self.models[0]) else { return }
        try await setup.withScorer { scorer in
            let long = String(repeating: "well ", count: 600)
            let answers = await scorer.score(Self.requests(["4.", long, "", "5."]))
            #expect(answers.map(\.code) == [nil, .promptTooLong, nil, nil])
            #expect(answers[1].message.contains("takes 512"))
        }
    }

    @Test("The fingerprint says which model it is, and a later one that differs is noticed")
    func fingerprint() async throws {
        guard let setup = RewardModelSetup(Self.models[0]) else { return }
        var prints: [Fingerprint] = []
        for options in [[], ["--max-length", "100"]] {
            try await setup.withScorer(options) { scorer in
                prints.append(try await scorer.fingerprint())
            }
        }
        #expect(prints[0].facts["command.model"] == "reward-llama-hf")
        #expect(prints[0].facts["command.weights_sha256"]?.count == 64)
        #expect(
            prints[0].differences(from: prints[1]) == ["command.max_length: 512 → 100"])
    }

    @Test("Killed in the middle, it is started again and gives the same rewards")
    func killed() async throws {
        guard let setup = RewardModelSetup(Self.models[0]) else { return }
        let requests = Self.requests(60)
        try await setup.withScorer { scorer in
            let first = try await scorer.score(requests).map { try $0.get().reward }
            async let under = scorer.score(requests)
            #expect(setup.kill() == 1)
            for (answer, reward) in zip(await under, first) {
                // What was answered before it ended is right; the rest says that it died.
                let isSame = (try? answer.get()).map { abs($0.reward - reward) < Self.tolerance }
                let isFine = isSame ?? (answer.code == .processDied)
                #expect(isFine)
            }
            var again: [Double] = []
            for _ in 0..<100 where again.count < requests.count {
                again = await scorer.score(requests).compactMap { try? $0.get().reward }
            }
            #expect(again.count == first.count)
            #expect(zip(again, first).allSatisfy { abs($0 - $1) < Self.tolerance })
        }
        #expect(setup.kill() == 0, "it outlives its scorer")
    }

    @Test("Over HTTP, batches give the same rewards, and one bad item fails alone")
    func http() async throws {
        guard let setup = RewardModelSetup(Self.models[0]) else { return }
        let requests = Self.requests(100)
        let expected = try await setup.plain(requests)
        try await setup.withServer { http in
            let answer = try await http.rewards(requests.map(RewardItem.init))
            #expect(
                answer.rewards.count == requests.count && answer.errors.allSatisfy { $0 == nil })
            let worst = zip(answer.rewards, expected).map { abs(($0 ?? .nan) - $1) }.max()
            #expect((worst ?? .infinity) < Self.tolerance)
            // Requests of several clients at once end in common batches.
            let alone = try await withThrowingTaskGroup(of: (Int, Double?).self) { group in
                for (place, request) in requests.prefix(20).enumerated() {
                    group.addTask {
                        (place, try await http.rewards([RewardItem(request)]).rewards[0])
                    }
                }
                return try await group.reduce(into: [Int: Double]()) { $0[$1.0] = $1.1 }
            }
            for place in 0..<20 { #expect(abs((alone[place] ?? .nan) - expected[place]) < 1e-4) }

            let long = String(repeating: "well ", count: 600)
            var items = Self.requests(["4.", long, "5."]).map(RewardItem.init)
            items[2].completion = nil
            let mixed = try await http.rewards(items)
            #expect(mixed.rewards.map { $0 == nil } == [false, true, true])
            #expect(mixed.errors.map { $0?.code } == [nil, "prompt_too_long", "rejected"])
            await #expect {
                try await http.post("/score", ["items": 7])
            } throws: { error in
                (error as? ModelError)?.code == .rejected
            }
            // As CommandScorers.md configures the scorer for it.
            var rule = HTTPScorerSpec(
                path: "/score", request: #"{"items": {{items}}}"#, score: "/rewards/*")
            rule.item = #"{"messages": {{messages}}, "completion": {{completion}}}"#
            rule.errors = "/errors/*"
            var endpoint = ScorerEndpoint(HTTPAdapter(), model: "mine", url: "\(http.url)")
            endpoint.batchSize = 64
            let spec = ScorerSpec(kind: .http(rule), model: "mine")
            let scorer = try ConfiguredModels(policies: [], scorers: [endpoint])
                .scorers(for: spec)[0].model
            let answers = await scorer.score(requests + Self.requests([long]))
            #expect(answers.last?.code == .promptTooLong)
            for (answer, reward) in zip(answers, expected) {
                let difference = abs(((try? answer.get().reward) ?? .nan) - reward)
                #expect(difference < Self.tolerance, "\(answer.message)")
            }

            let nothing = try await http.rewards([])
            #expect(nothing.rewards.isEmpty)
        }
    }

    /// Pairs of ragged lengths, some chats, some empty, with more than ASCII.
    static func requests(_ count: Int) -> [ScoreRequest] {
        let words = [
            "well", "19", "🙂", "so\n", "naïve", "👩‍👩‍👧", "The answer is", "日本", "\t", "x = 7;",
        ]
        return (0..<count).map { number in
            let text = (0..<(number * 7 % 41)).map { words[(number * $0 + $0) % words.count] }
                .joined(separator: " ")
            let content: PromptContent =
                number % 3 == 0
                ? .text("Tom has \(number) apples and buys 7 more. How many apples now?")
                : .chat([
                    ChatMessage(role: "system", content: "Be brief."),
                    ChatMessage(role: "user", content: "What is \(number) + \(number % 9)?"),
                ])
            return ScoreRequest(prompt: Samples.prompt(content), completion: text)
        }
    }

    static func requests(_ texts: [String]) -> [ScoreRequest] {
        texts.map { ScoreRequest(prompt: Samples.chat, completion: $0) }
    }
}
