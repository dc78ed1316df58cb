internal import OgiveCore

/// What was given up in a run, by code and stage, with texts and the command that has it tried
/// again.
struct FailuresPage: Sendable {
    var run: RunOverview
    var failures: FailureSample

    var page: DashboardPage {
        DashboardPage(
            title: "Failures of \(run.source.run)", trail: DashboardPage.trail(run),
            body: Markup([
                Markup("h1", [], "Failures"),
                failures.groups.isEmpty
                    ? Markup("p", [], "Nothing was given up: no draw and no candidate.") : groups,
            ]))
    }

    /// Groups of failures as a table.
    static func table(_ failures: [FailureReport]) -> DataTable {
        var table = DataTable(.text("code"), .text("stage"), .number("items"), .number("prompts"))
        for failure in failures {
            table.add([
                OutsideText.short(failure.code), Markup(failure.stage),
                Markup(NumberLabel.count(failure.count)),
                Markup(NumberLabel.count(failure.prompts)),
            ])
        }
        if let further = further(failures) {
            table.add([.words(further), .empty, .empty, .empty])
        }
        return table
    }

    /// How many kinds stand in no row.
    static func further(_ failures: [FailureReport]) -> String? {
        guard let further = failures.last?.further, further > 0 else { return nil }
        return "… \(NumberLabel.count(further)) more, less frequent: `ogive failures list`"
    }

    private var groups: Markup {
        Markup([
            Self.table(failures.groups).markup("What was given up"), Self.part(failures),
            Markup(failures.groups.map(group)),
        ])
    }

    /// What the numbers are of, where there are more.
    static func part(_ failures: FailureSample) -> Markup {
        guard !failures.isWhole else { return .empty }
        return Markup("p", [Attribute("class", "note")]) {
            Markup.words(
                "Counted are \(NumberLabel.count(failures.counted)) of the failures. "
                    + "`ogive report` counts all of them.")
        }
    }

    private func group(_ failure: FailureReport) -> Markup {
        let command = ShellWord.command(
            "ogive failures retry", on: run.source.run,
            ShellWord.option("--code", failure.code) + " "
                + ShellWord.option("--stage", failure.stage))
        return Markup("section") {
            Markup("h2") {
                OutsideText.short(failure.code)
                " while \(failure.stage)"
            }
            Markup("p", [], "\(NumberLabel.count(failure.count, "item")); the first ones:")
            for example in failure.examples {
                Markup("h3") {
                    "Prompt "
                    DashboardPage.link(
                        OutsideText.short(example.promptKey),
                        DashboardLink.prompts(run.id, [("find", example.promptKey)]))
                    ", \(example.kind) \(example.index)"
                }
                OutsideText.block(example.message)
            }
            Markup("p", [], "To have these tried again:")
            Markup("pre") { OutsideText.line(command) }
        }
    }
}
