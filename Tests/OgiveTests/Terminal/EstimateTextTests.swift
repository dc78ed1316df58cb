import OgiveCore
import OgivePreflight
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10)))
struct EstimateTextTests {
    private func finding(
        _ sampling: ThroughputProbe.Burst, _ scoring: ThroughputProbe.Burst
    ) throws -> Finding {
        let configuration = try Configuration.parse(
            """
            run: {name: r, draws: 8}
            prompts: {set: s}
            policy: {kind: synthetic}
            scorer: {kind: synthetic}
            """, source: "q.yaml", folder: "/", environment: [:])
        let spec = try configuration.runSpec()
        return EstimateText(
            estimate: Estimate(draws: 24, sampling: sampling, scoring: scoring, prices: nil),
            sampling: sampling, scoring: scoring, spec: spec, sample: .ownQuestions,
            isPriced: false
        ).finding
    }

    private func burst(_ count: Int, _ failure: ModelError? = nil) -> ThroughputProbe.Burst {
        var burst = ThroughputProbe.Burst()
        burst.count = count
        burst.elapsed = .seconds(2)
        burst.failure = failure
        return burst
    }

    @Test func theTimeOfTheWholeFollowsFromBothRates() throws {
        let finding = try finding(burst(8), burst(4))
        #expect(finding.severity == .ok)
        #expect(finding.message.contains("24 draws take 12s"), "\(finding.message)")
    }

    @Test func whatWasNotScoredHasNoTimeAndItsOwnReason() throws {
        let wrong = try finding(burst(8), burst(0, ModelError(.rejected, "the server refuses")))
        #expect(wrong.severity == .warning)
        #expect(wrong.message.contains("nothing was scored: the server refuses"))
        #expect(!wrong.message.contains(" take "), "\(wrong.message)")
        let slow = try finding(burst(8), burst(0))
        #expect(slow.message.contains("nothing was scored within 2s"), "\(slow.message)")
    }

    @Test func thatNothingWasSampledHasItsOwnReason() throws {
        let wrong = try finding(burst(0, ModelError(.serverError, "out of memory")), burst(0))
        #expect(wrong.message == "not a single draw came: out of memory")
        #expect(wrong.advice == nil)
        #expect(try finding(burst(0), burst(0)).message.contains("came within 2s"))
    }
}
