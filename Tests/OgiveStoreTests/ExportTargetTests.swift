import OgiveStore
import Testing

/// The list of targets of an export.
@Suite(.timeLimit(.minutes(10))) struct ExportTargetTests {
    @Test func namesStayAsTheyAre() {
        #expect(
            ExportTarget.allCases.map(\.rawValue) == [
                "qrpo-claire", "qrpo-swiss", "qrpo-verl", "trl-dpo", "trl-reward", "trl-kto",
                "trl-sft",
                "trl-a2po", "rebel", "astar-po", "verl", "value", "raw",
            ])
    }

    @Test(arguments: ExportTarget.allCases)
    func eachIsFoundByItsName(target: ExportTarget) {
        #expect(ExportTarget(rawValue: target.rawValue) == target)
    }

    @Test func anotherNameIsNoTarget() {
        #expect(ExportTarget(rawValue: "RAW") == nil)
    }

    @Test(arguments: ["dpo", "trl-preference"])
    func formerNamesAreUnderstood(name: String) {
        #expect(ExportTarget(rawValue: name) == .trlDPO)
    }

    @Test func optionsAreThoseThatTheRowsDependOn() {
        let pairs: [ExportOption] = [.strategy, .k, .pairs, .seed, .minGap, .dropEqual]
        #expect(ExportTarget.trlDPO.options == pairs)
        #expect(ExportTarget.qrpoSwiss.options == pairs + [.refRewards])
        #expect(ExportTarget.raw.options == [.beta, .transform, .ties, .partitionFunction])
        #expect(ExportTarget.value.options == [.beta])
        #expect(ExportTarget.astarPO.options == [.refRewards])
        #expect(ExportTarget.trlSFT.options == [.k, .threshold])
    }

    @Test func typesAreSpelledOut() {
        #expect("\(ExportType.chat)" == "list<object<role: text, content: text>>")
        #expect("\(ExportType.list(.float))" == "list<float>")
    }
}
