/// Collects bad rows: the first ones in full, all of them by number.
struct BadRowReport {
    /// How many rows are shown in full.
    static let shownMax = 20

    /// Number of bad rows by reason.
    private(set) var counts: [BadRow.Reason: Int] = [:]
    private var shown: [BadRow] = []

    /// Begins without rows.
    init() {}

    /// Number of bad rows.
    var count: Int { counts.values.reduce(0, +) }

    /// Adds a row.
    mutating func add(_ row: BadRow) {
        counts[row.reason, default: 0] += 1
        if shown.count < Self.shownMax { shown.append(row) }
    }

    /// The report as lines of text: rows, then counts; empty without bad rows.
    var lines: [String] {
        guard count > 0 else { return [] }
        var lines = shown.map(\.description)
        if count > shown.count { lines.append("… and \(count - shown.count) more") }
        let reasons = counts.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
            .map { "\($0.key.rawValue) \($0.value)" }
        lines.append(
            "\(count) bad \(count == 1 ? "row" : "rows"): \(reasons.joined(separator: ", "))")
        return lines
    }
}
