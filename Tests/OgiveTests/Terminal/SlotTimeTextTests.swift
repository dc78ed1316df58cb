import OgiveCore
import Testing

@testable import ogive

/// What slots waited for, as people read it.
@Suite(.timeLimit(.minutes(10)))
struct SlotTimeTextTests {
    @Test func busyAndIdleTimeOfBothStages() {
        var time = SlotTime()
        time[SlotWait(stage: .sample, side: .policy)] = 36_000_000
        time[SlotWait(stage: .sample, side: .scorer)] = 3_600_000
        time[SlotWait(stage: .sample, side: .nothing)] = 400_000
        time[SlotWait(stage: .score, side: .scorer)] = 5_000
        time[SlotWait(stage: .score, side: .policy)] = 15_000
        #expect(
            time.busyLines.map { "\($0.stage): \($0.text)" } == [
                "sampling: 90 % of 11.1 slot hours busy (9.0 % waited for the scorer, "
                    + "1.0 % without work)",
                "scoring: 25 % of 20 slot seconds busy (75 % waited for the policy)",
            ])
        #expect(time.json.fields?["sample"]?.fields?["busy_share"] == .number("0.9000"))
        #expect(time.waitsText?.hasPrefix("policy 90 %, scorer 9.0 %") == true)
    }

    @Test func withoutTimeNothingIsSaid() {
        #expect(SlotTime().busyLines.isEmpty)
        #expect(SlotTime().waitsText == nil)
        #expect(SlotTime().json == .null && SlotTime().waitsJSON == .null)
    }

    @Test func aShareIsNeverRoundedToTheWhole() {
        #expect(SlotTime.percent(1) == "100 %")
        #expect(SlotTime.percent(0.999) == "99.9 %")
        #expect(SlotTime.percent(0.5) == "50 %")
        #expect(SlotTime.percent(0) == "0 %")
    }
}
