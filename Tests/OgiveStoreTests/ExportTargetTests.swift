import OgiveStore
import Testing

/// The list of targets of an export.
@Suite(.timeLimit(.minutes(10))) struct ExportTargetTests {
    @Test func namesStayAsTheyAre() {
        #expect(
            ExportTarget.allCases.map(\.rawValue) == [
                "qrpo-claire", "qrpo-swiss", "trl-preference", "dpo", "rebel", "astar-po", "value",
                "raw",
            ])
    }

    @Test(arguments: ExportTarget.allCases)
    func eachIsFoundByItsName(target: ExportTarget) {
        #expect(ExportTarget(rawValue: target.rawValue) == target)
    }

    @Test func anotherNameIsNoTarget() {
        #expect(ExportTarget(rawValue: "RAW") == nil)
    }

    @Test func optionsAreThoseThatTheRowsDependOn() {
        #expect(ExportTarget.dpo.options == [.strategy, .k, .pairs, .seed])
        #expect(ExportTarget.raw.options == [.beta, .transform, .ties])
        #expect(ExportTarget.value.options == [.beta])
        #expect(ExportTarget.astarPO.options == [.beta])
    }
}
