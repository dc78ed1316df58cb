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

            var title: String {
                switch self {
                case .spread: "largest spread first"
                case .lowest: "lowest mean first"
                case .highest: "highest mean first"
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
        if let progress {
            text =
                "Sorted are the first \(PromptRanking.topMax) of "
                + "\(NumberLabel.count(progress.seen)) prompts with a reward"
                + (progress.isDone ? "." : " so far: the others are still being looked at.")
        } else if !request.find.isEmpty {
            text = "Prompts from this key on, in the order that the database has for keys."
        }
        return text.map { Markup("p", [Attribute("class", "note")], $0) } ?? .empty
    }

    private var rows: Markup {
        guard !listing.rows.isEmpty else {
            return Markup(
                "p", [],
                listing.next == nil
                    ? "No further prompt is like that."
                    : "None of the \(NumberLabel.count(PromptListing.scannedMax)) prompts of this "
                        + "page is like that; more may follow.")
        }
        var table = DataTable(
            .number("#"), .text("prompt"), .number("rewards"), .number("of"), .number("mean"),
            .number("spread"), .text("equal"), .number("failed"))
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
                Markup(row.rewards?.isDegenerate == true ? "all equal" : ""),
                Markup(row.failures > 0 ? NumberLabel.count(row.failures) : ""),
            ])
        }
        return table.markup("Prompts of the run; the spread is a standard deviation")
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
        if request.order != nil {
            let from = request.from + PromptListing.rowsMax
            guard listing.rows.count == PromptListing.rowsMax, from < PromptRanking.topMax else {
                return nil
            }
            return DashboardLink.prompts(run.id, request.parameters + [("from", "\(from)")])
        }
        switch listing.next {
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
