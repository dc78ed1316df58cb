internal import OgiveCore

/// What the report's charts need, computed from some tables of a run.
struct SampleReport: Sendable {
    /// Bins of a histogram; columns and rows of a grid.
    static let bins = 40
    static let columns = 44
    static let rows = 26
    /// Shares whose quantiles are named.
    static let shares = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]
    /// But for so many at each end, values decide the range of a chart.
    static let outer = (low: 0.005, high: 0.995)

    /// Whether the tables are all of the run.
    let isWhole: Bool
    /// How many tables there are, and how many of them have equal rewards only.
    let tableCount: Int
    let degenerate: Int
    /// How many completions were measured.
    let lengthCount: Int
    /// When the tables were read, in UTC.
    let readAt: String
    /// All rewards together; `nil` without any.
    let rewards: RewardSummary?
    /// The tables; `nil` without any.
    let tables: TableReport?
    /// Lengths of completions; `nil` without any.
    let lengths: LengthReport?

    /// Computes all that the charts show: for a page, which shows it many times, and not for each
    /// look at a number.
    init(sample: RunSample) {
        isWhole = sample.isWhole
        tableCount = sample.tables.count
        degenerate = sample.tables.count { $0.isDegenerate }
        lengthCount = sample.lengths.count
        readAt = sample.readAt
        rewards = Self.rewards(sample)
        tables = Self.tables(sample)
        lengths = Self.lengths(sample)
    }

    /// Whether no table was found.
    var isEmpty: Bool { tableCount == 0 }

    private static func rewards(_ sample: RunSample) -> RewardSummary? {
        let all = sample.tables.flatMap(\.rewards).sorted()
        guard let data = histogram(all) else { return nil }
        let (mean, deviation) = Self.moments(all)
        return RewardSummary(
            count: all.count, mean: mean, deviation: deviation,
            quantiles: shares.map { ReportQuantile(share: $0, value: quantile(all, $0)) },
            histogram: data)
    }

    private static func tables(_ sample: RunSample) -> TableReport? {
        guard !sample.tables.isEmpty else { return nil }
        var report = TableReport()
        report.count = sample.tables.count
        report.degenerate = sample.tables.count { $0.isDegenerate }
        report.single = sample.tables.count { $0.rewards.count == 1 }
        let all = sample.tables.map { moments($0.rewards) }
        report.deviationBetween = moments(all.map(\.mean)).deviation
        let variances = all.compactMap { $0.deviation.map { $0 * $0 } }
        if !variances.isEmpty {
            report.deviationWithin =
                (variances.reduce(0, +) / Double(variances.count)).squareRoot()
        }
        report.spread = density(
            all.compactMap { table in table.deviation.map { (table.mean, $0, false) } })
        report.quantiles = [0.1, 0.5, 0.9].map { level in
            let values = sample.tables.map { quantile($0.rewards, level) }.sorted()
            return QuantilesOverPrompts(
                level: level,
                values: (0...40).map { step in
                    let share = Double(step) / 40
                    return ReportQuantile(share: share, value: quantile(values, share))
                })
        }
        return report
    }

    private static func lengths(_ sample: RunSample) -> LengthReport? {
        guard !sample.lengths.isEmpty else { return nil }
        let density = density(
            sample.lengths.map { (Double($0.length), $0.reward, $0.isTruncated) })
        var columns: [Int: (count: Int, total: Double)] = [:]
        if let x = density?.x {
            for length in sample.lengths {
                guard let column = bin(Double(length.length), x) else { continue }
                let known = columns[column] ?? (0, 0)
                columns[column] = (known.count + 1, known.total + length.reward)
            }
        }
        return LengthReport(
            isInTokens: sample.isInTokens, endings: [], seeded: 0, firstLandedAt: "",
            lastLandedAt: "", density: density,
            means: columns.sorted { $0.key < $1.key }.map {
                LengthReport.Column(
                    index: $0.key, count: $0.value.count,
                    mean: $0.value.total / Double($0.value.count))
            })
    }

    /// The smallest value with at least the share `share` of ascending values at or below it.
    static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return sorted[min(sorted.count - 1, max(0, rank - 1))]
    }

    /// Mean and standard deviation, n − 1 in the denominator; no deviation of one value.
    static func moments(_ values: [Double]) -> (mean: Double, deviation: Double?) {
        guard !values.isEmpty else { return (.nan, nil) }
        let mean = values.reduce(0) { $0 + $1 / Double(values.count) }
        guard values.count > 1 else { return (mean, nil) }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (mean, (squares / Double(values.count - 1)).squareRoot())
    }

    /// Which bin of a range a value is in, from 0; `nil` outside.
    static func bin(_ value: Double, _ range: BinnedRange) -> Int? {
        guard value >= range.low, value <= range.high else { return nil }
        let share = (value / 2 - range.low / 2) / (range.high / 2 - range.low / 2)
        return min(range.bins - 1, Int(share * Double(range.bins)))
    }

    /// How many of ascending values lie where; `nil` without any.
    static func histogram(_ sorted: [Double]) -> HistogramData? {
        guard let least = sorted.first, let most = sorted.last else { return nil }
        let range = BinnedRange(
            least: least, lower: quantile(sorted, outer.low),
            upper: quantile(sorted, outer.high), most: most, bins: Self.bins)
        var bins: [Int: HistogramData.Bin] = [:]
        var data = HistogramData(range: range, bins: [])
        for value in sorted {
            guard let index = bin(value, range) else {
                if value < range.low { data.below += 1 } else { data.above += 1 }
                continue
            }
            var known =
                bins[index]
                ?? HistogramData.Bin(index: index, count: 0, least: value, most: value)
            known.count += 1
            known.most = value
            bins[index] = known
        }
        data.bins = bins.values.sorted { $0.index < $1.index }
        return data
    }

    /// Pairs in a grid; `nil` without any.
    static func density(
        _ pairs: [(x: Double, y: Double, isMarked: Bool)]
    ) -> DensityData? {
        guard !pairs.isEmpty else { return nil }
        func range(_ values: [Double], _ bins: Int) -> BinnedRange {
            let sorted = values.sorted()
            return BinnedRange(
                least: quantile(sorted, 0), lower: quantile(sorted, outer.low),
                upper: quantile(sorted, outer.high), most: quantile(sorted, 1), bins: bins)
        }
        var data = DensityData(
            x: range(pairs.map(\.x), columns), y: range(pairs.map(\.y), rows), cells: [])
        var cells: [Int: DensityData.Cell] = [:]
        for pair in pairs {
            guard let column = bin(pair.x, data.x), let row = bin(pair.y, data.y) else {
                data.outside += 1
                continue
            }
            let place = column * rows + row
            var cell = cells[place] ?? DensityData.Cell(column: column, row: row, count: 0)
            cell.count += 1
            if pair.isMarked { cell.marked += 1 }
            cells[place] = cell
        }
        data.cells = cells.sorted { $0.key < $1.key }.map(\.value)
        return data
    }
}
