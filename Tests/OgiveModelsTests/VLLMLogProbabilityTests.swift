import Foundation
import Harness
import OgiveCore
import Testing

@testable import OgiveModels

/// log π_ref by four ways on the tiny model: sampling with vLLM and llama.cpp, scoring with vLLM,
/// and transformers in float32, the reference.
@Suite(.timeLimit(.minutes(30))) struct VLLMLogProbabilityTests {
    /// Most that one token may differ by: float32, computed in another order.
    static let float32 = 2e-5
    /// Most that a token of llama.cpp may differ by: it keeps keys and values in 16 bits.
    static let float16Cache = 0.03

    /// Tokens behind a prompt, with what a server said of them.
    struct Reported: Sendable {
        var prompt: [Int32]
        var completion: [Int32]
        var values: [Double]
    }

    static let prompts = [
        Samples.chat,
        Samples.prompt(
            .chat([
                ChatMessage(role: "user", content: Samples.question),
                ChatMessage(role: "assistant", content: "The answer"),
            ])),
        Samples.prompt(.text("Tom has 12")),
    ]

    /// What transformers says of the same tokens.
    private func reference(_ reported: [Reported]) async throws -> [[Double]] {
        let lines = reported.map {
            CanonicalJSON.text(["prompt": $0.prompt, "completion": $0.completion])
        }
        var answers: [[Double]] = []
        try await Workspace.with { workspace in
            let input = try workspace.write("requests", lines.joined(separator: "\n") + "\n")
            let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appending(path: "policy_log_probabilities.py").path
            let python = Checkout.root + "/.venv-vllm/bin/python"
            let program = try workspace.run([
                "/bin/sh", "-c", #"exec "$1" "$2" "$3" < "$4""#, "sh", python, script,
                VLLMServer.policy.folder, input,
            ])
            guard try await program.status(within: .seconds(180)) == 0 else {
                throw Unexpected(program.transcript)
            }
            answers = try program.output.split(separator: "\n").map {
                try JSONDecoder().decode([Double].self, from: Data($0.utf8))
            }
        }
        return answers
    }

    /// The largest difference of a token; infinite where the numbers of tokens differ.
    private func deviation(_ left: [Double], _ right: [Double]) -> Double {
        left.count == right.count
            ? zip(left, right).map { abs($0 - $1) }.max() ?? 0 : .infinity
    }

    private func tokens(_ prompt: Prompt, _ policy: CompletionPolicy) async throws -> [Int32] {
        let tokenizer = ServerTokenizer(server: policy.server, spec: policy.spec, kind: .vLLM)
        return try await ContinuationTokens(
            tokenizer: tokenizer, input: try await policy.input(prompt, .vLLM), key: prompt.key
        ).prompt().ids
    }

    private func draws(_ prompt: Prompt, _ policy: CompletionPolicy) async throws -> [Completion] {
        try await policy.sample(Samples.sampleRequest(prompt, Array(0..<8))).map { try $0.get() }
    }

    @Test func samplingAndScoringAndTransformersAgree() async throws {
        guard let url = try await VLLMServer.policy.url() else { return }
        let policy = try Samples.policy(url) { $0.logProbabilities = .tokens }
        var sampled: [Reported] = []
        var scored: [Reported] = []
        var respelt = 0
        for prompt in Self.prompts {
            let ids = try await tokens(prompt, policy)
            let draws = try await draws(prompt, policy)
            for draw in draws {
                let reported = Reported(
                    prompt: ids, completion: try #require(draw.tokenIDs),
                    values: try #require(draw.tokenLogProbabilities))
                let sum = try #require(draw.logProbability)
                #expect(abs(reported.values.reduce(0, +) - sum) < 1e-9)
                sampled.append(reported)
            }
            // Truncated draws have no end token; as candidates they are ended.
            let ended = draws.filter { !$0.isTruncated }
            let answers = await policy.logProbabilities(
                LogProbabilityRequest(prompt: prompt, completions: ended.map(\.text)))
            for (draw, answer) in zip(ended, answers) {
                let value = try answer.get()
                let reported = Reported(
                    prompt: ids, completion: try #require(value.tokenIDs),
                    values: try #require(value.tokenValues))
                scored.append(reported)
                #expect(reported.completion.last == draw.tokenIDs?.last)
                if reported.completion == draw.tokenIDs {
                    let drawn = draw.tokenLogProbabilities ?? []
                    #expect(deviation(reported.values, drawn) < Self.float32)
                } else {
                    // Sampled with other tokens than a tokeniser would have cut the text into.
                    respelt += 1
                }
            }
        }
        #expect(scored.count > 12 && respelt < scored.count / 2)
        let reference = try await reference(sampled + scored)
        let differences = zip(sampled + scored, reference).map { deviation($0.values, $1) }
        let (drawn, given) = (differences.prefix(sampled.count), differences.suffix(scored.count))
        print(
            "log-probabilities: vLLM against transformers: sampling \(drawn.max() ?? 0), scoring "
                + "\(given.max() ?? 0) a token at most; \(respelt) of \(scored.count) draws have "
                + "other tokens than their text")
        #expect(differences.max() ?? 1 < Self.float32)
    }

    @Test func llamaCppAgreesUpToItsCache() async throws {
        guard let url = try await VLLMServer.policy.url() else { return }
        let ids = try await tokens(Samples.chat, Samples.policy(url))
        try await LlamaServer.serving(.policy, isShared: true) { url in
            let policy = try Samples.policy(url) { $0.logProbabilities = .tokens }
            let reported = try await draws(Samples.chat, policy).map { draw in
                Reported(
                    prompt: ids, completion: try #require(draw.tokenIDs),
                    values: try #require(draw.tokenLogProbabilities))
            }
            let differences = zip(reported, try await reference(reported)).map {
                deviation($0.values, $1)
            }
            print("log-probabilities: llama.cpp against transformers: \(differences.max() ?? 0)")
            #expect(differences.max() ?? 1 < Self.float16Cache)
        }
    }

    @Test func whatCannotBeReportedFailsAlone() async throws {
        guard let url = try await VLLMServer.policy.url() else { return }
        let policy = try Samples.policy(url)
        #expect(try await policy.logProbabilityObstacle() == nil)
        let texts = [
            "The answer is 19.", String(repeating: "apples ", count: 600), "19<|end|>", "", " é🙂\n",
        ]
        let answers = await policy.logProbabilities(
            LogProbabilityRequest(prompt: Samples.chat, completions: texts))
        #expect(answers.map(\.code) == [nil, .promptTooLong, .rejected, nil, nil])
        #expect(try answers[3].get().tokenCount == 1)
    }
}
