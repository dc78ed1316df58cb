internal import OgiveCore

/// The first page: all runs, the latest first.
struct RunsPage: Sendable {
    /// Most runs of a page.
    static let rowsMax = 20

    /// The runs of this page.
    var runs: [RunNumbers]
    /// Of some tables of each, how many have equal rewards only.
    var degenerate: [RunID: (count: Int, of: Int)]
    /// Before which run the next page begins; `nil` when there is none.
    var next: RunID?
    /// Whether this is the page of the latest ones.
    var isFirst: Bool

    var page: DashboardPage {
        DashboardPage(
            title: "Runs", events: isFirst ? DashboardLink.events() : nil,
            body: Markup([
                Markup("h1", [], "Runs"),
                runs.isEmpty ? empty : table.markup("Runs, the latest first"), pager,
            ]))
    }

    private var empty: Markup {
        Markup("p") {
            "There is no run yet. "
            Markup("code", [], "ogive run CONFIG")
            " makes one."
        }
    }

    private var table: DataTable {
        var table = DataTable(
            .text("run"), .text("state"), .text("progress"), .number("landed"),
            .number("draws/s"), .text("time left"), .number("failed"), .number("truncated"),
            .number("all equal"), .number("cost"))
        for numbers in runs {
            let run = numbers.run
            table.add([
                name(run), Markup("span", [Attribute("class", "state")]) { numbers.markup(.state) },
                Markup([numbers.bar, Markup(" "), numbers.markup(.share)]),
                Markup([
                    numbers.markup(.landed),
                    Markup("span", [Attribute("class", "begin")]) {
                        "of \(NumberLabel.count(run.counts.targetDraws))"
                    },
                ]),
                numbers.markup(.rate), numbers.markup(.left), numbers.markup(.failed),
                numbers.markup(.truncated),
                Markup(degenerate[run.id].map { NumberLabel.share($0.count, of: $0.of) } ?? "–"),
                Markup(run.cost.map { NumberLabel.value($0, digits: 4) } ?? "–"),
            ])
        }
        return table
    }

    private func name(_ run: RunOverview) -> Markup {
        let source = run.source
        return Markup([
            DashboardPage.link(OutsideText.short(source.run), DashboardLink.run(run.id)),
            Markup("span", [Attribute("class", "begin")]) {
                OutsideText.short(source.policy)
                ", scored with "
                OutsideText.short(source.scorer)
                source.isSynthetic ? " (SYNTHETIC)" : ""
                Markup.words(", submitted \(source.submittedAt)")
            },
        ])
    }

    private var pager: Markup {
        Markup("nav", [Attribute("class", "pager"), Attribute("aria-label", "More runs")]) {
            if !isFirst { DashboardPage.link("Latest runs", DashboardLink.runs) }
            if let next {
                DashboardPage.link(
                    "Earlier runs",
                    DashboardLink.runs + DashboardLink.text([("before", "\(next.rawValue)")]))
            }
        }
    }
}
