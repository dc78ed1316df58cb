internal import OgiveCore

/// The prompts of a run: searched, filtered, sorted, a page at a time.
struct PromptsPage: Sendable {
    /// What a reader asked for.
    struct Request: Hashable, Sendable {
        var find = ""
        var filter = PromptFilter()
        var order: Order?
        var after: PromptID?
        /// How many of a sorted list stand on the pages before.
        var from = 0

        /// In which order, other than that of import.
        enum Order: String, CaseIterable, Sendable {
            case spread, lowest, highest
            case lowestQuantile = "quantile_lowest"
            case highestQuantile = "quantile_highest"
            case precision, failures

            var title: String {
                switch self {
                case .spread: "largest spread first"
                case .lowest: "lowest mean first"
                case .highest: "highest mean first"
                case .lowestQuantile: "lowest quantile reward of a candidate first"
                case .highestQuantile: "highest quantile reward of a candidate first"
                case .precision: "least precise first (effective n)"
                case .failures: "most failures first"
                }
            }

            /// What prompts are sorted by, ascending; `nil` for one that such a list has not.
            func value(of rank: PromptRank) -> Double? {
                switch self {
                case .spread: rank.mean == nil ? nil : -rank.deviation
                case .lowest: rank.mean
                case .highest: rank.mean.map { -$0 }
                case .lowestQuantile: rank.quantiles?.lowerBound
                case .highestQuantile: rank.quantiles.map { -$0.upperBound }
                case .precision: rank.mean == nil ? nil : rank.effective
                case .failures: rank.failures > 0 ? -Double(rank.failures) : nil
                }
            }
        }

        /// Its parameters, without where the page begins.
        var parameters: [(String, String)] {
            var parameters: [(String, String)] = []
            if !find.isEmpty { parameters.append(("find", find)) }
            if filter.property != .all { parameters.append(("only", filter.property.rawValue)) }
            if let least = filter.meanLeast { parameters.append(("least", "\(least)")) }
            if let most = filter.meanMost { parameters.append(("most", "\(most)")) }
            if let least = filter.quantileLeast { parameters.append(("qleast", "\(least)")) }
            if let most = filter.quantileMost { parameters.append(("qmost", "\(most)")) }
            if let order { parameters.append(("order", order.rawValue)) }
            return parameters
        }
    }

    var run: RunOverview
    var request: Request
    var listing: PromptListing
    /// Of a sorted list: how many prompts were looked at, and whether that is all of them.
    var progress: PromptRanking.Progress?

    var page: DashboardPage {
        DashboardPage(
            title: "Prompts of \(run.source.run)", trail: DashboardPage.trail(run),
            body: Markup([Markup("h1", [], "Prompts"), form, note, rows, pager]))
    }

    private func field(
        _ name: StaticString, _ title: String, _ value: String, isShort: Bool = false
    ) -> Markup {
        Markup("label") {
            title
            Markup(
                "input",
                [
                    Attribute("type", "text"), Attribute("name", "\(name)"),
                    Attribute("value", value), Attribute("class", isShort ? "short" : "long"),
                ])
        }
    }

    private func choice(
        _ name: StaticString, _ title: String, _ options: [(String, String)], _ chosen: String
    ) -> Markup {
        Markup("label") {
            title
            Markup("select", [Attribute("name", "\(name)")]) {
                for (value, text) in options {
                    Markup(
                        "option",
                        [Attribute("value", value)]
                            + (value == chosen ? [Attribute("selected", "")] : []), text)
                }
            }
        }
    }

    private var form: Markup {
        Markup(
            "form",
            [
                Attribute("method", "get"), Attribute("action", DashboardLink.prompts(run.id)),
                Attribute("role", "search"),
            ]
        ) {
            field("find", "Key, or its beginning, or #number", OutsideText.plain(request.find))
            choice(
                "only", "Only",
                [
                    ("all", "all"), ("degenerate", "all rewards equal"),
                    ("incomplete", "draws missing"), ("failed", "with failures"),
                ], request.filter.property.rawValue)
            field("least", "Mean from", Self.text(request.filter.meanLeast), isShort: true)
            field("most", "Mean to", Self.text(request.filter.meanMost), isShort: true)
            field(
                "qleast", "A candidate from quantile", Self.text(request.filter.quantileLeast),
                isShort: true)
            field("qmost", "to quantile", Self.text(request.filter.quantileMost), isShort: true)
            choice(
                "order", "Order",
                [("", "of import")] + Request.Order.allCases.map { ($0.rawValue, $0.title) },
                request.order?.rawValue ?? "")
            Markup("button", [Attribute("type", "submit")], "Show")
        }
    }

    private static func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }

    private var note: Markup {
        var text: String?
        if !request.find.isEmpty {
            text = "A search goes by key, in the order that the database has for keys."
            if request.order != nil || !request.filter.isOpen {
                text? += " Filters and another order do not apply to it."
            }
        } else if let progress {
            let seen = NumberLabel.count(progress.seen, "prompt") + " with a reward"
            let first = "The first \(NumberLabel.count(PromptRanking.topMax)) in this order, of"
            text =
                !progress.isDone
                ? "\(first) the \(seen) that were looked at so far. This goes on meanwhile: load "
                    + "the page again."
                : progress.seen > PromptRanking.topMax
                    ? "\(first) all \(seen)." : "All \(seen), in this order."
            if !request.filter.isOpen { text? += " The filter applies to these." }
        }
        return text.map { Markup("p", [Attribute("class", "note")], $0) } ?? .empty
    }

    private var rows: Markup {
        guard !listing.rows.isEmpty else {
            return Markup(
                "p", [],
                listing.next == nil
                    ? "No further prompt is like that."
                    : "None of the "
                        + NumberLabel.count(listing.looked, "prompt")
                        + " of this page is like that; more may follow.")
        }
        var table = DataTable(
            .number("#"), .text("prompt"), .number("rewards"), .number("of"), .number("mean"),
            .number("spread"), .number("effective n"), .text("equal"), .text("candidates"),
            .number("failed"))
        for row in listing.rows {
            table.add([
                Markup("\(row.id.rawValue)"),
                Markup([
                    DashboardPage.link(
                        OutsideText.line(row.key), DashboardLink.prompt(row.id, run.id)),
                    Markup("span", [Attribute("class", "begin")]) {
                        OutsideText.line(row.content)
                    },
                ]),
                Markup(NumberLabel.count(row.rewards?.count ?? 0)),
                Markup(row.target.map(NumberLabel.count) ?? "–"),
                Markup(row.rewards.map { NumberLabel.value($0.mean, digits: 3) } ?? "–"),
                Markup(
                    row.rewards?.deviation.map { NumberLabel.value($0, digits: 3) } ?? "–"),
                Markup(row.rewards.map { NumberLabel.value($0.effective, digits: 3) } ?? "–"),
                Markup(row.rewards?.isDegenerate == true ? "all equal" : ""),
                Markup(Self.quantiles(row)),
                Markup(row.failures > 0 ? NumberLabel.count(row.failures) : ""),
            ])
        }
        return table.markup(
            "Prompts of the run; the spread is a standard deviation, candidates stand with their "
                + "quantile rewards")
    }

    private static func quantiles(_ row: PromptSummary) -> String {
        let more = row.candidates - row.quantiles.count
        return row.quantiles.map { NumberLabel.decimal($0, 2) }.joined(separator: " · ")
            + (more > 0 ? " and \(NumberLabel.count(more)) more" : "")
    }

    private var pager: Markup {
        Markup("nav", [Attribute("class", "pager"), Attribute("aria-label", "More prompts")]) {
            if request.after != nil || request.from > 0 {
                DashboardPage.link(
                    "First page", DashboardLink.prompts(run.id, request.parameters))
            }
            if let next { DashboardPage.link("Next page", next) }
        }
    }

    private var next: String? {
        switch listing.next {
        case .further(let places):
            return DashboardLink.prompts(
                run.id, request.parameters + [("from", "\(request.from + places)")])
        case .after(let id):
            return DashboardLink.prompts(
                run.id, request.parameters + [("after", "\(id.rawValue)")])
        case .from(let key):
            var request = request
            request.find = key
            return DashboardLink.prompts(run.id, request.parameters)
        case nil: return nil
        }
    }
}
