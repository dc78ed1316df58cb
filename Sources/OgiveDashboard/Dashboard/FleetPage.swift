internal import OgiveCore

/// The coordinator and its workers.
struct FleetPage: Sendable {
    var fleet: FleetStatus

    var page: DashboardPage {
        DashboardPage(
            title: "Fleet",
            body: Markup([
                Markup("h1", [], "Fleet"), Markup("p") { Self.leader(fleet) }, counts, workers,
            ]))
    }

    /// Who leads, in a sentence.
    static func leader(_ fleet: FleetStatus) -> Markup {
        guard let coordinator = fleet.coordinator else {
            return Markup("No coordinator leads: nothing is handed out.")
        }
        let last = fleet.renewedAt ?? "–"
        return Markup([
            Markup("Coordinator "), Markup("strong") { OutsideText.short(coordinator) },
            Markup(
                fleet.leads
                    ? " leads since \(fleet.since ?? "–"), term \(fleet.term)."
                    : " led until its term \(fleet.term) ran out; last sign of it: \(last)."),
        ])
    }

    private var counts: Markup {
        guard !fleet.counts.isEmpty else { return .empty }
        var table = DataTable(.text("counter"), .number("since it leads"))
        for (name, count) in fleet.counts.sorted(by: { $0.key < $1.key }) where count != 0 {
            table.add([OutsideText.short(name), Markup(NumberLabel.count(count))])
        }
        return Markup("details") {
            Markup("summary", [], "What it counts")
            table.markup("Totals of the coordinator")
        }
    }

    private var workers: Markup {
        guard !fleet.workers.isEmpty else {
            return Markup("p", [], "This term has no workers.")
        }
        var table = DataTable(
            .text("host and process"), .text("state"), .text("why no work"), .text("last change"),
            .text("incarnation"), .text("endpoints without requests"))
        for worker in fleet.workers {
            table.add([
                OutsideText.short(worker.name),
                Markup("span", [Attribute("class", "state")], worker.state),
                OutsideText.short(worker.note ?? ""), Markup(worker.seenAt),
                Markup("span", [Attribute("class", "digest")]) {
                    OutsideText.line(String(worker.id.prefix(8)))
                },
                Markup(
                    worker.outages.map { outage in
                        Markup("div") { OutsideText.short(outage, most: 400) }
                    }),
            ])
        }
        return DashboardPage.section("Workers") {
            table.markup("Workers of this term, those that are there first")
            if fleet.workers.count == FleetStatus.workersMax {
                Markup("p", [Attribute("class", "note")], "Further ones are not shown.")
            }
        }
    }
}
