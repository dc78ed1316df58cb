import FoundationEssentials
import OgiveCore
import Testing

@Suite("Specifications of what was adopted", .timeLimit(.minutes(10)))
struct AdoptedSpecTests {
    private static let file = String(repeating: "0", count: 63) + "a"

    private static var sampling: SamplingSpec {
        var policy = PolicySpec(kind: .adopted, model: "org/policy")
        policy.logProbabilities = .none
        policy.adopted = AdoptedSource(sha256: file, fields: ["completions": "out"])
        return SamplingSpec(promptSet: "s", policy: policy, parameters: SamplingParameters())
    }

    private static func run(_ change: (inout RunSpec) -> Void = { _ in }) -> RunSpec {
        let scorer = ScorerSpec(
            kind: .adopted(AdoptedSource(sha256: file)), model: "org/reward")
        var spec = RunSpec(
            name: "r", scoring: ScoringSpec(sampling: sampling, scorer: scorer), draws: 4)
        spec.samples = false
        spec.candidates = []
        change(&spec)
        return spec
    }

    @Test("A sampling says nothing of parameters that nobody knows, and reads back the same")
    func canonical() throws {
        let text = CanonicalJSON.text(Self.sampling)
        #expect(
            text == #"{"policy":{"adopted":{"fields":{"completions":"out"},"sha256":"#
                + #""\#(Self.file)"},"kind":"adopted","logprobs":"none","model":"org/policy"},"#
                + #""prompt_set":"s"}"#)
        #expect(
            Self.sampling.digest.hex
                == "0c32406115e49c932a5fbf371b0a5d9616a0a8169bbf65c4dba0317fdb887a8f")
        let decoder = JSONDecoder()
        #expect(try decoder.decode(SamplingSpec.self, from: Data(text.utf8)) == Self.sampling)
        let spec = Self.run()
        let again = try decoder.decode(RunSpec.self, from: CanonicalJSON.encode(spec).asData)
        #expect(again == spec && again.adopts)
    }

    @Test("A sampling of a model that is asked still needs its parameters")
    func parameters() {
        let text = #"{"policy":{"kind":"openai","logprobs":"sum","model":"m"},"prompt_set":"s"}"#
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(SamplingSpec.self, from: Data(text.utf8))
        }
    }

    @Test("What cannot be done with adopted completions is refused with the reason")
    func problems() {
        #expect(Self.run().problem == nil)
        let sampling = Self.run { $0.samples = true }
        #expect(sampling.problem?.contains("no more can be sampled") == true)
        let candidates = Self.run { $0.candidates = [.score] }
        #expect(candidates.problem?.contains("candidates") == true)
        let nameless = Self.run { $0.scoring.sampling.policy.adopted = nil }
        #expect(nameless.problem?.contains("name its file") == true)
        let odd = Self.run { $0.scoring.sampling.policy.adopted?.sha256 = "A" }
        #expect(odd.problem?.contains("64 hexadecimal digits") == true)
        let mixed = Self.run {
            $0.scoring.sampling.policy = PolicySpec(kind: .openai, model: "m")
        }
        #expect(mixed.problem?.contains("adopted completions only") == true)
        let rescored = Self.run {
            $0.scoring.scorer = ScorerSpec(kind: .rerank, model: "m")
            $0.candidates = [.score]
        }
        #expect(rescored.problem == nil && !rescored.adopts)
    }

    @Test("Nobody can be asked for what was adopted")
    func askable() {
        #expect(!PolicySpec.Kind.askable.contains(.adopted))
        #expect(PolicySpec.Kind.askable.count == PolicySpec.Kind.allCases.count - 1)
        #expect(!ScorerSpec.Kind.Name.askable.contains(.adopted))
    }
}

extension [UInt8] {
    fileprivate var asData: Data { Data(self) }
}
