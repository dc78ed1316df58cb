/// Collects bad rows: those with the same trouble together, all of them by number.
struct BadRowReport {
    /// How many different troubles are shown.
    static let shownMax = 20

    /// Bad rows with one and the same trouble.
    private struct Group {
        var first: BadRow
        var count = 1
    }

    /// Number of bad rows by reason.
    private(set) var counts: [BadRow.Reason: Int] = [:]
    private var groups: [Group] = []
    private var places: [String: Int] = [:]

    /// Begins without rows.
    init() {}

    /// Number of bad rows.
    var count: Int { counts.values.reduce(0, +) }

    /// Adds a row.
    mutating func add(_ row: BadRow) {
        counts[row.reason, default: 0] += 1
        if let place = places[row.detail] {
            groups[place].count += 1
        } else if groups.count < Self.shownMax {
            places[row.detail] = groups.count
            groups.append(Group(first: row))
        }
    }

    /// The report as lines of text: troubles with their first rows, then counts; empty without
    /// bad rows.
    var lines: [String] {
        guard count > 0 else { return [] }
        var lines = groups.map { group in
            group.count == 1
                ? group.first.description
                : "\(group.first) (and \(NumberText.count(group.count - 1)) more like it)"
        }
        let rest = count - groups.reduce(0) { $0 + $1.count }
        if rest > 0 { lines.append("… and \(NumberText.count(rest)) more") }
        let reasons = counts.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
            .map { "\($0.key.rawValue) \(NumberText.count($0.value))" }
        lines.append(
            "\(NumberText.count(count)) bad \(count == 1 ? "row" : "rows"): "
                + reasons.joined(separator: ", "))
        return lines
    }
}
