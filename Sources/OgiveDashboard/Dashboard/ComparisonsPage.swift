internal import OgiveCore

/// What a run can be compared with: other scorings, other reference versions, and its snapshots
/// with each other.
struct ComparisonsPage: Sendable {
    /// Most prompts that are listed, the farthest first.
    static let shownMax = 20

    /// A snapshot, or the run as it is now.
    enum Side: Hashable, Sendable {
        case snapshot(SnapshotOverview)
        case now

        var id: Int64 {
            switch self {
            case .snapshot(let snapshot): snapshot.id
            case .now: 0
            }
        }

        /// Its name, a text from outside perhaps.
        var name: String {
            switch self {
            case .snapshot(let snapshot): snapshot.name
            case .now: "what is there now"
            }
        }
    }

    var run: RunOverview
    var related: [RelatedRun]
    var snapshots: [SnapshotOverview]
    /// Two sides that are compared.
    var pair: (first: Side, second: Side)?
    var comparison: SnapshotComparison?

    /// The side of a number, 0 being what is there now; `nil` where there is none.
    func side(_ id: Int64) -> Side? {
        id == 0 ? .now : snapshots.first { $0.id == id }.map { .snapshot($0) }
    }

    var page: DashboardPage {
        DashboardPage(
            title: "Comparisons of \(run.source.run)", trail: DashboardPage.trail(run),
            body: Markup([
                Markup("h1", [], "Comparisons"), result,
                runs(
                    "Other scorings", .scoring,
                    "No other scorer has scored these completions.",
                    "Runs with the same completions"),
                runs(
                    "Other reference versions", .version,
                    "No other run has these prompts and this scorer. `ogive refresh RUN --revision "
                        + "REVISION` samples the next version of a reference.",
                    "Runs with the same prompts and the same scorer"),
                choice,
            ]))
    }

    private func runs(
        _ title: String, _ relation: RelatedRun.Relation, _ none: String, _ caption: String
    ) -> Markup {
        let runs = related.filter { $0.relation == relation }
        var table = DataTable(.text("run"), .text("policy"), .text("revision"), .text("scorer"))
        for other in runs {
            table.add([
                DashboardPage.link(
                    OutsideText.short(other.name),
                    DashboardLink.comparison(run.id, with: other.id)),
                OutsideText.short(other.policy), OutsideText.short(other.revision ?? ""),
                OutsideText.short(other.scorer),
            ])
        }
        return DashboardPage.section(title) {
            if runs.isEmpty {
                Markup("p") { Markup.words(none) }
            } else {
                table.markup(caption)
            }
            if related.count == RelatedRun.most {
                Markup("p", [Attribute("class", "note")], "Earlier runs are not shown.")
            }
        }
    }

    private var choice: Markup {
        DashboardPage.section("Snapshots") {
            if snapshots.isEmpty {
                Markup("p") {
                    Markup.words(
                        "The run has no snapshot. `ogive snapshot RUN NAME` pins a version of it.")
                }
            } else {
                Markup(
                    "form",
                    [
                        Attribute("method", "get"),
                        Attribute("action", DashboardLink.comparisons(run.id)),
                    ]
                ) {
                    select("first", "Compare", chosen: pair?.first ?? side(snapshots[0].id))
                    select("second", "with", chosen: pair?.second ?? .now)
                    Markup("button", [Attribute("type", "submit")], "Show")
                }
                if snapshots.count == SnapshotOverview.most {
                    Markup("p", [Attribute("class", "note")], "Earlier ones are not shown.")
                }
            }
        }
    }

    private func select(_ name: StaticString, _ title: String, chosen: Side?) -> Markup {
        Markup("label") {
            title
            Markup("select", [Attribute("name", "\(name)")]) {
                for side in snapshots.map({ Side.snapshot($0) }) + [.now] {
                    Markup(
                        "option",
                        [Attribute("value", "\(side.id)")]
                            + (side.id == chosen?.id ? [Attribute("selected", "")] : []),
                        Self.short(side.name))
                }
            }
        }
    }

    /// For a place where there can be no elements.
    private static func short(_ name: String) -> String {
        let beginning = name.unicodeScalars.prefix(80)
        return OutsideText.plain(String(String.UnicodeScalarView(beginning)))
            + (beginning.count < name.unicodeScalars.count ? "…" : "")
    }
}

/// Two snapshots side by side.
extension ComparisonsPage {
    private var result: Markup {
        guard let pair, let comparison else { return .empty }
        return DashboardPage.section("Two versions of this run", id: "snapshots") {
            counts(pair.first, pair.second)
            summary(comparison)
            differences(comparison)
        }
    }

    private func counts(_ first: Side, _ second: Side) -> Markup {
        var table = DataTable(.text("what"), .number("first"), .number("second"))
        func add(_ name: String, _ value: (Side) -> Markup) {
            table.add([Markup(name), value(first), value(second)])
        }
        func number(_ side: Side, _ value: (SnapshotOverview) -> Int, _ now: Int) -> Markup {
            switch side {
            case .snapshot(let snapshot): Markup(NumberLabel.count(value(snapshot)))
            case .now: Markup(NumberLabel.count(now))
            }
        }
        add("name") { OutsideText.short($0.name) }
        add("made") { side in
            guard case .snapshot(let snapshot) = side else { return Markup("–") }
            return .words(snapshot.madeAt + (snapshot.isComplete ? "" : ", incomplete"))
        }
        add("completions") { number($0, \.draws, run.counts.sampled) }
        add("rewards of draws") { number($0, \.rewards, run.counts.landed) }
        add("failed draws") { number($0, \.failures, run.counts.failures) }
        add("rewards of candidates") { number($0, \.candidates, run.counts.landedCandidates) }
        add("SHA-256") { side in
            guard case .snapshot(let snapshot) = side else { return Markup("–") }
            return Markup("span", [Attribute("class", "digest")], snapshot.sha256)
        }
        return Markup([
            table.markup("What both hold"),
            isEqual(first, second)
                ? Markup(
                    "p", [],
                    "The checksums are equal: texts, rewards and candidates are the same.")
                : .empty,
        ])
    }

    private func isEqual(_ first: Side, _ second: Side) -> Bool {
        guard case .snapshot(let first) = first, case .snapshot(let second) = second else {
            return false
        }
        return first.sha256 == second.sha256
    }

    private func summary(_ comparison: SnapshotComparison) -> Markup {
        let prompts = comparison.prompts
        let shifts = prompts.compactMap { prompt in
            prompt.mean.flatMap { mean in prompt.otherMean.map { $0 - mean } }
        }
        let note = comparison.isWhole ? "all of the run" : "at even distances among all"
        var facts = [
            DashboardPage.fact("prompts", Markup(NumberLabel.count(prompts.count)), note),
            DashboardPage.fact(
                "without a difference", Markup(NumberLabel.count(prompts.count { $0.isSame })),
                "in draws, rewards and candidates"),
            DashboardPage.fact(
                "more rewards",
                Markup(NumberLabel.count(prompts.count { $0.otherCount > $0.count })),
                "in the second"),
            DashboardPage.fact(
                "fewer rewards",
                Markup(NumberLabel.count(prompts.count { $0.otherCount < $0.count })),
                "in the second"),
        ]
        if !shifts.isEmpty {
            facts.append(
                DashboardPage.fact(
                    "shift of means",
                    Markup(NumberLabel.value(SampleReport.moments(shifts).mean, digits: 3)),
                    "second less first"))
        }
        return DashboardPage.facts(facts)
    }

    private func differences(_ comparison: SnapshotComparison) -> Markup {
        let different = comparison.prompts.filter { !$0.isSame }
        guard !different.isEmpty else { return .empty }
        var table = DataTable(
            .text("prompt"), .number("distance"), .number("rewards, first"), .number("second"),
            .number("mean, first"), .number("second"))
        for prompt in different.prefix(Self.shownMax) {
            table.add([
                DashboardPage.link(
                    OutsideText.line(prompt.key), DashboardLink.prompt(prompt.id, run.id)),
                Markup(prompt.distance.map { NumberLabel.decimal($0, 3) } ?? "–"),
                Markup(NumberLabel.count(prompt.count)),
                Markup(NumberLabel.count(prompt.otherCount)),
                Markup(prompt.mean.map { NumberLabel.value($0) } ?? "–"),
                Markup(prompt.otherMean.map { NumberLabel.value($0) } ?? "–"),
            ])
        }
        return table.markup(
            "Prompts that differ, the largest distance of Kolmogorov and Smirnov first")
    }
}
