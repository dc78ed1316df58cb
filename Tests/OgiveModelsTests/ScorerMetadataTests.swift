import OgiveCore
import Testing

@testable import OgiveModels

/// Which metadata a scorer's reward depends on.
@Suite(.timeLimit(.minutes(1)))
struct ScorerMetadataTests {
    private func judge(_ prompt: String, system: String? = nil) -> ScorerSpec {
        var spec = ScorerSpec(kind: .judge, model: "j")
        spec.judge = JudgeSpec(prompt: prompt, minimum: 0, maximum: 1)
        spec.judge?.system = system
        return spec
    }

    private func http(_ request: String, item: String? = nil) -> ScorerSpec {
        var spec = ScorerSpec(kind: .http, model: "h")
        spec.http = HTTPScorerSpec(path: "/", request: request, score: "/s")
        spec.http?.item = item
        return spec
    }

    @Test func namesTheFieldsThatAreRead() throws {
        var verifier = ScorerSpec(kind: .verifier, model: "v")
        verifier.verifier = VerifierSpec(rule: .exact)
        #expect(try verifier.metadataUse() == .fields(["answer"]))
        let rubric = judge("{{completion}} {{ metadata.a }}", system: "{{metadata.b}}")
        #expect(try rubric.metadataUse() == .fields(["a", "b"]))
        #expect(try judge("{{completion}} {{metadata}}").metadataUse() == .all)
        #expect(try judge("{{conversation}}").metadataUse() == .none)
        let pair = #"{"c": "{{completion}}", "m": "{{metadata.x}}"}"#
        #expect(try http(pair).metadataUse() == .fields(["x"]))
        #expect(try http(#"{"list": {{items}}}"#, item: pair).metadataUse() == .fields(["x"]))
        var sum = ScorerSpec(kind: .weighted, model: "w")
        sum.parts = [
            PartSpec(name: "v", weight: 1, scorer: verifier),
            PartSpec(name: "j", weight: 1, scorer: rubric),
        ]
        #expect(try sum.metadataUse() == .fields(["answer", "a", "b"]))
        sum.parts?.append(
            PartSpec(name: "c", weight: 1, scorer: ScorerSpec(kind: .command, model: "c")))
        #expect(try sum.metadataUse() == .all)
        for kind in ScorerSpec.Kind.allCases
        where ![.verifier, .judge, .http, .weighted, .command].contains(kind) {
            #expect(try ScorerSpec(kind: kind, model: "m").metadataUse() == .none)
        }
    }
}
