internal import OgiveCore

/// The coordinator and its workers.
struct FleetPage: Sendable {
    /// Most endpoints of a worker that are named.
    static let endpointsMax = 4

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
            .words(
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

    private func name(_ worker: FleetStatus.Worker) -> Markup {
        let report = worker.report
        return Markup([
            OutsideText.short(worker.name),
            Markup("span", [Attribute("class", "begin")]) {
                if let host = report.host {
                    "host "
                    OutsideText.short(host)
                }
                if let job = report.job {
                    ", job "
                    OutsideText.short(job)
                }
            },
        ])
    }

    private func endpoints(_ worker: FleetStatus.Worker) -> Markup {
        let endpoints = worker.report.endpoints
        let more = endpoints.count - Self.endpointsMax
        return Markup([
            Markup(
                endpoints.prefix(Self.endpointsMax).map { endpoint in
                    Markup("div") { OutsideText.short(endpoint) }
                }),
            more > 0 ? Markup("div", [], "and \(NumberLabel.count(more)) more") : .empty,
        ])
    }

    private var workers: Markup {
        guard !fleet.workers.isEmpty else {
            return Markup("p", [], "This term has no workers.")
        }
        var table = DataTable(
            .text("host and process"), .text("state"), .text("why no work"), .number("draws/s"),
            .number("tokens/s"), .number("slots busy"), .text("last change"), .text("version"),
            .text("endpoints"), .text("incarnation"), .text("endpoints without requests"))
        for worker in fleet.workers {
            let report = worker.report
            table.add([
                name(worker),
                Markup("span", [Attribute("class", "state")], worker.state),
                OutsideText.short(worker.note ?? ""),
                Markup(report.drawsPerSecond.map { NumberLabel.value($0, digits: 3) } ?? "–"),
                Markup(report.tokensPerSecond.map { NumberLabel.value($0, digits: 3) } ?? "–"),
                Markup(
                    report.busyShare.map { "\(NumberLabel.decimal($0 * 100, 0))\u{202F}%" } ?? "–"),
                .words(worker.seenAt), OutsideText.short(report.version ?? ""), endpoints(worker),
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
