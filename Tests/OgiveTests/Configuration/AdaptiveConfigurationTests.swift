import OgiveCore
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10)))
struct AdaptiveConfigurationTests {
    private func spec(_ run: String) throws -> RunSpec {
        try Configuration.parse(
            """
            run: {name: r, \(run)}
            prompts: {set: s}
            policy: {model: m, url: "http://127.0.0.1:1"}
            scorer: {kind: verifier, verifier: {rule: final_number}}
            """, source: "q.yaml", folder: "/f", overrides: [], environment: [:]
        ).runSpec()
    }

    /// The message of the error that reading must end with.
    private func problem(_ run: String) -> String {
        do {
            _ = try spec(run)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func aPrecisionTakesThePlaceOfDraws() throws {
        let spec = try spec("precision: {target_stderr: 0.02, min: 16, max: 512}")
        #expect(spec.draws == 512 && spec.firstDraws == 16)
        #expect(spec.adaptive == AdaptiveDraws(min: 16, targetStandardError: 0.02))
        #expect(
            CanonicalJSON.text(spec).contains(#""adaptive":{"min":16,"target_stderr":0.02}"#))
        let plain = try self.spec("draws: 8")
        #expect(plain.adaptive == nil && plain.firstDraws == 8)
        #expect(spec.scoring.digest == plain.scoring.digest)
        let usual = try self.spec("precision: {}")
        #expect(usual.adaptive == AdaptiveDraws(min: 8, targetStandardError: 0.05))
        #expect(usual.draws == 128)
    }

    @Test func anAllocationTakesThePlaceOfDraws() throws {
        let spec = try spec("allocation: {mean: 20.5, min: 4, max: 64}")
        #expect(spec.draws == 64 && spec.adaptive == AdaptiveDraws(min: 4, mean: 20.5))
    }

    @Test func whatMakesNoSenseIsRefused() {
        #expect(problem("precision: {target_stderr: 0}").contains("between 0 and 0.5"))
        #expect(problem("precision: {target_stderr: 0.5}").contains("between 0 and 0.5"))
        #expect(problem("precision: {min: 9, max: 8}").contains("run.precision.min must be in 1…8"))
        #expect(problem("precision: {stderr: 0.1}").contains("target_stderr"))
        #expect(problem("allocation: {min: 4}").contains("run.allocation.mean is missing"))
        #expect(problem("allocation: {mean: 3, min: 4}").contains("between `min` and `max`"))
        #expect(problem("allocation: {mean: 300}").contains("between `min` and `max`"))
        #expect(problem("draws: 8, precision: {}").contains("run.draws excludes `precision`"))
        #expect(
            problem("allocation: {mean: 9}, precision: {}").contains(
                "run.allocation excludes `precision`"))
        #expect(problem("precision: {}, candidates: []").contains("`score`"))
        #expect(problem("precision: {}, candidates: [logprobs]").contains("`score`"))
        #expect(problem("weight: 1").contains("run.draws is missing"))
    }

    @Test func aRescoringTakesAllDrawsThatAreStored() throws {
        var spec = try spec("precision: {max: 64}")
        spec.samples = false
        #expect(spec.problem?.contains("runs that sample") == true)
        let rescoring = try Rescoring(
            source: "r", name: nil,
            configuration: Configuration.parse(
                "scorer: {kind: verifier, verifier: {rule: final_number, field: other}}",
                source: "q.yaml", folder: "/f", overrides: [], environment: [:]),
            candidates: nil, retriesFailures: false)
        let other = rescoring.spec(of: try self.spec("precision: {max: 64}"))
        #expect(other.draws == 64 && other.adaptive == nil && other.problem == nil)
    }
}
