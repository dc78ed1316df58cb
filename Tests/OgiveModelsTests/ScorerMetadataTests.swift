import OgiveCore
import Testing

@testable import OgiveModels

/// Which metadata a scorer's reward depends on.
@Suite(.timeLimit(.minutes(1)))
struct ScorerMetadataTests {
    private func judge(_ prompt: String, system: String? = nil) -> ScorerSpec {
        var rubric = JudgeSpec(prompt: prompt, minimum: 0, maximum: 1)
        rubric.system = system
        return ScorerSpec(kind: .judge(rubric), model: "j")
    }

    private func http(_ request: String, item: String? = nil) -> ScorerSpec {
        var rule = HTTPScorerSpec(path: "/", request: request, score: "/s")
        rule.item = item
        return ScorerSpec(kind: .http(rule), model: "h")
    }

    @Test func namesTheFieldsThatAreRead() throws {
        let verifier = ScorerSpec(kind: .verifier(VerifierSpec(rule: .exact)), model: "v")
        #expect(try verifier.metadataUse() == .fields(["answer"]))
        let rubric = judge("{{completion}} {{ metadata.a }}", system: "{{metadata.b}}")
        #expect(try rubric.metadataUse() == .fields(["a", "b"]))
        #expect(try judge("{{completion}} {{metadata}}").metadataUse() == .all)
        #expect(try judge("{{conversation}}").metadataUse() == .none)
        let pair = #"{"c": "{{completion}}", "m": "{{metadata.x}}"}"#
        #expect(try http(pair).metadataUse() == .fields(["x"]))
        #expect(try http(#"{"list": {{items}}}"#, item: pair).metadataUse() == .fields(["x"]))
        var parts = [
            PartSpec(name: "v", weight: 1, scorer: verifier),
            PartSpec(name: "j", weight: 1, scorer: rubric),
        ]
        #expect(
            try ScorerSpec(kind: .weighted(parts), model: "w").metadataUse()
                == .fields(["answer", "a", "b"]))
        parts.append(PartSpec(name: "c", weight: 1, scorer: ScorerSpec(kind: .command, model: "c")))
        #expect(try ScorerSpec(kind: .weighted(parts), model: "w").metadataUse() == .all)
        let others: [ScorerSpec.Kind] = [
            .rerank, .classify(), .pooling(), .score(), .synthetic,
        ]
        for kind in others {
            #expect(try ScorerSpec(kind: kind, model: "m").metadataUse() == .none)
        }
    }
}
