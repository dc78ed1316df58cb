import FoundationEssentials
import OgiveCore
import Testing

@Suite("Identity of specifications", .timeLimit(.minutes(10)))
struct SpecIdentityTests {
    private static var sampling: SamplingSpec {
        var policy = PolicySpec(kind: .openai, model: "tiny")
        policy.revision = "a"
        policy.api = .chat
        var parameters = SamplingParameters()
        parameters.stop = ["\n\n"]
        return SamplingSpec(promptSet: "gsm8k", policy: policy, parameters: parameters)
    }

    private static var scoring: ScoringSpec {
        ScoringSpec(
            sampling: sampling, scorer: ScorerSpec(kind: verifier { _ in }, model: "numbers"))
    }

    private static func verifier(_ change: (inout VerifierSpec) -> Void) -> ScorerSpec.Kind {
        var rule = VerifierSpec(rule: .finalNumber)
        change(&rule)
        return .verifier(rule)
    }

    @Test("The canonical text has sorted keys, no white space and no absent fields")
    func canonicalText() {
        #expect(
            CanonicalJSON.text(Self.sampling)
                == #"{"parameters":{"max_tokens":512,"min_p":0,"seed":0,"stop":["\n\n"],"#
                + #""temperature":1,"top_k":0,"top_p":1},"policy":{"api":"chat","kind":"openai","#
                + #""logprobs":"sum","model":"tiny","revision":"a"},"#
                + #""prompt_set":"gsm8k"}"#)
        #expect(CanonicalJSON.text(["a/b": "ü\"\u{1}"]) == #"{"a/b":"ü\"\u0001"}"#)
    }

    @Test("The identity of a sampling and of a scoring never changes silently")
    func golden() {
        #expect(
            Self.sampling.digest.hex
                == "3b9ece052aa2c1fdbe5ddb01759ae795dbe6b26a2d64185598d08a3fe7ba749c")
        #expect(
            Self.scoring.digest.hex
                == "3f95450f09fd8563998b389b547a42d98213bdd1ad507031726c2abdc6390dd7")
    }

    @Test("Every field of a sampling is part of its identity")
    func samplingFields() {
        let changes: [(inout SamplingSpec) -> Void] = [
            { $0.promptSet = "other" },
            { $0.policy.kind = .synthetic },
            { $0.policy.model = "other" },
            { $0.policy.revision = "b" },
            { $0.policy.revision = nil },
            { $0.policy.extraBody = ["a": .integer(1)] },
            { $0.policy.api = .completions },
            { $0.policy.api = nil },
            { $0.policy.logProbabilities = .none },
            { $0.policy.logProbabilities = .tokens },
            { $0.policy.synthetic = SyntheticSpec() },
            { $0.parameters.temperature = 0.7 },
            { $0.parameters.topP = 0.9 },
            { $0.parameters.topK = 40 },
            { $0.parameters.minP = 0.1 },
            { $0.parameters.maxTokens = 513 },
            { $0.parameters.stop = [] },
            { $0.parameters.seed = 1 },
        ]
        var digests: Set = [Self.sampling.digest]
        for change in changes {
            var spec = Self.sampling
            change(&spec)
            digests.insert(spec.digest)
        }
        #expect(digests.count == changes.count + 1)
    }

    @Test("Every field of a scorer is part of its identity, and so is the sampling")
    func scoringFields() {
        let changes: [(inout ScoringSpec) -> Void] = [
            { $0.sampling.promptSet = "other" },
            { $0.scorer.kind = .rerank },
            { $0.scorer.model = "other" },
            { $0.scorer.revision = "b" },
            { $0.scorer.kind = .classify() },
            { $0.scorer.kind = .classify(label: "a") },
            { $0.scorer.kind = Self.verifier { $0.rule = .exact } },
            { $0.scorer.kind = Self.verifier { $0.field = "other" } },
            { $0.scorer.kind = Self.verifier { $0.pattern = "x" } },
            { $0.scorer.kind = Self.verifier { $0.graded = true } },
        ]
        var digests: Set = [Self.scoring.digest]
        for change in changes {
            var spec = Self.scoring
            change(&spec)
            digests.insert(spec.digest)
        }
        #expect(digests.count == changes.count + 1)
    }

    @Test("A run's name, n and weight are no part of the identity")
    func runFields() {
        let run = RunSpec(name: "a", scoring: Self.scoring, draws: 8)
        var other = RunSpec(name: "b", scoring: Self.scoring, draws: 16)
        other.weight = 2
        #expect(run.scoring.digest == other.scoring.digest)
    }

    @Test("A specification that makes no sense names the key")
    func problems() {
        let changes: [(String, (inout RunSpec) -> Void)] = [
            ("name", { $0.name = "" }),
            ("name", { $0.name = String(repeating: "n", count: 201) }),
            ("draws", { $0.draws = 0 }),
            ("draws", { $0.draws = RunSpec.drawsMax + 1 }),
            ("candidates", { $0.candidates = [.score, .score] }),
            ("weight", { $0.weight = 0 }),
            ("weight", { $0.weight = .nan }),
            ("weight", { $0.weight = .infinity }),
            ("temperature", { $0.scoring.sampling.parameters.temperature = -0.1 }),
            ("temperature", { $0.scoring.sampling.parameters.temperature = .nan }),
            ("top_p", { $0.scoring.sampling.parameters.topP = 0 }),
            ("top_k", { $0.scoring.sampling.parameters.topK = -1 }),
            ("min_p", { $0.scoring.sampling.parameters.minP = 1.1 }),
            ("max_tokens", { $0.scoring.sampling.parameters.maxTokens = 0 }),
            ("stop", { $0.scoring.sampling.parameters.stop = [""] }),
        ]
        for (key, change) in changes {
            var run = RunSpec(name: "a", scoring: Self.scoring, draws: 8)
            #expect(run.problem == nil)
            change(&run)
            #expect(run.problem?.hasPrefix(key) == true, "\(key): \(run.problem ?? "none")")
        }
    }

    @Test("Whether a run samples is said only when it does not")
    func samples() throws {
        var spec = RunSpec(name: "r", scoring: Self.scoring, draws: 2)
        #expect(!CanonicalJSON.text(spec).contains("samples"))
        spec.samples = false
        #expect(CanonicalJSON.text(spec).contains(#""samples":false"#))
        let data = Data(CanonicalJSON.text(spec).utf8)
        #expect(try JSONDecoder().decode(RunSpec.self, from: data) == spec)
    }
}
