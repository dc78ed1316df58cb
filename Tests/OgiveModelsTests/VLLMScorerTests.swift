import Foundation
import Harness
import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

/// Checks of the scorers against a real vLLM, and of its rewards against transformers; skipped,
/// with the reason, where there is none.
@Suite(.timeLimit(.minutes(30))) struct VLLMScorerTests {
    private static let template = "<|bos|><|user|>{query}<|end|><|assistant|>{document}<|end|>"
    private static let texts = [
        "The answer is 19.", "The answer is 20.", "No idea", "apples: 19 🍎",
    ]

    private func scorer(_ url: String, _ kind: ScorerSpec.Kind, template: String? = nil) throws
        -> any Scorer
    {
        var adapter = RewardModelAdapter(kind.name)
        adapter.template = template
        var endpoint = ScorerEndpoint(adapter, model: VLLMServer.reward.model, url: url)
        endpoint.batchSize = 3
        let spec = ScorerSpec(kind: kind, model: VLLMServer.reward.model)
        return try ConfiguredModels(policies: [], scorers: [endpoint]).scorers(for: spec)[0].model
    }

    private var requests: [ScoreRequest] {
        Self.texts.map { ScoreRequest(prompt: Samples.chat, completion: $0) }
    }

    /// The raw logits of transformers in float32: of the conversations, or of the question and the
    /// answer joined as the tokenizer joins pairs.
    private func logits(ofPairs: Bool) async throws -> [Double] {
        let script = #"""
            import json, sys, torch
            from transformers import AutoModelForSequenceClassification, AutoTokenizer
            folder, question, texts, pairs = sys.argv[1:5]
            model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32)
            model.eval()
            tokenizer = AutoTokenizer.from_pretrained(folder)
            rewards = []
            for text in json.loads(texts):
                if pairs == "true":
                    ids = tokenizer(question, text)["input_ids"]
                else:
                    ids = tokenizer.apply_chat_template(
                        [{"role": "user", "content": question},
                         {"role": "assistant", "content": text}], tokenize=False)
                    ids = tokenizer(ids, add_special_tokens=False)["input_ids"]
                with torch.no_grad():
                    rewards.append(model(torch.tensor([ids])).logits[0, 0].item())
            print(json.dumps(rewards))
            """#
        let outcome = try await SystemProgram.run(
            Checkout.root + "/.venv-vllm/bin/python",
            [
                "-c", script, VLLMServer.reward.folder, Samples.question,
                String(decoding: try JSONEncoder().encode(Self.texts), as: UTF8.self), "\(ofPairs)",
            ])
        return try JSONDecoder().decode([Double].self, from: Data(outcome.output.utf8))
    }

    @Test("classify and pooling, with and without template, are transformers' raw logits")
    func conversations() async throws {
        guard let url = try await VLLMServer.reward.url() else { return }
        let expected = try await logits(ofPairs: false)
        for (kind, template) in [
            (ScorerSpec.Kind.classify(), nil), (.classify(), Self.template), (.pooling(), nil),
            (.pooling(), Self.template),
        ] {
            try await check(url, kind, template, expected)
        }
    }

    @Test("score and rerank are transformers' raw logits of the pair, without a chat template")
    func pairs() async throws {
        guard let url = try await VLLMServer.reward.url() else { return }
        let expected = try await logits(ofPairs: true)
        for kind in [ScorerSpec.Kind.score(), .rerank] { try await check(url, kind, nil, expected) }
    }

    private func check(
        _ url: String, _ kind: ScorerSpec.Kind, _ template: String?, _ expected: [Double]
    ) async throws {
        let scorer = try scorer(url, kind, template: template)
        let conformance = ScorerConformance(
            scorer: scorer, requests: requests, tolerance: 1e-5)
        #expect(await conformance.problems() == [])
        // Asks with and without the activation, which must make a difference.
        #expect(try await scorer.fingerprint().facts["endpoint"] == kind.name.rawValue)
        let rewards = try await scorer.score(requests).map { try $0.get().reward }
        let difference = zip(rewards, expected).map { abs($0 - $1) }.max() ?? .infinity
        print("vLLM \(kind.name.rawValue): at most \(difference) from transformers, \(rewards)")
        #expect(difference < 1e-4, "\(kind): \(rewards) and \(expected)")
        #expect(rewards.contains { $0 > 1 || $0 < 0 }, "no probabilities: \(rewards)")
    }

    @Test("Faults of a real vLLM are typed: a text that is too long, another model, a label")
    func faults() async throws {
        guard let url = try await VLLMServer.reward.url() else { return }
        let long = ScoreRequest(
            prompt: Samples.chat, completion: String(repeating: "apples ", count: 2_000))
        for kind in [ScorerSpec.Kind.classify(), .pooling(), .score(), .rerank] {
            let answers = await (try scorer(url, kind)).score([requests[0], long, requests[1]])
            #expect(answers.map(\.code) == [nil, .promptTooLong, nil], "\(kind)")
        }
        let spec = ScorerSpec(kind: .classify(label: "7"), model: VLLMServer.reward.model)
        let adapter = RewardModelAdapter(.classify)
        let endpoint = ScorerEndpoint(adapter, model: spec.model, url: url)
        let scorer = try ConfiguredModels(policies: [], scorers: [endpoint]).scorers(for: spec)[0]
        #expect(await scorer.model.score([requests[0]])[0].code == .malformed)
        let other = ScorerEndpoint(adapter, model: "nope", url: url)
        let models = try ConfiguredModels(policies: [], scorers: [other])
        await #expect { _ = try await models.offer() } throws: {
            ($0 as? ModelError)?.code == .wrongModel
        }
    }
}
