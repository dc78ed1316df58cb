/// The rewards of all draws of a run, with no regard to prompts.
package struct RewardSummary: Hashable, Sendable {
    /// How many there are.
    package var count: Int
    /// Their mean.
    package var mean: Double
    /// Their standard deviation, n − 1 in the denominator; `nil` for one reward.
    package var deviation: Double?
    /// The smallest rewards r with at least the share p of rewards ≤ r, ascending in p.
    package var quantiles: [ReportQuantile]
    /// Their histogram.
    package var histogram: HistogramData

    /// Joins the parts.
    package init(
        count: Int, mean: Double, deviation: Double?, quantiles: [ReportQuantile],
        histogram: HistogramData
    ) {
        self.count = count
        self.mean = mean
        self.deviation = deviation
        self.quantiles = quantiles
        self.histogram = histogram
    }
}

/// A quantile.
package struct ReportQuantile: Hashable, Sendable {
    /// The share, in [0, 1].
    package var share: Double
    /// The value there.
    package var value: Double

    /// Joins both.
    package init(share: Double, value: Double) {
        self.share = share
        self.value = value
    }
}

/// Part of an axis, cut into equal bins.
package struct BinnedRange: Hashable, Sendable {
    /// Its lower end.
    package var low: Double
    /// Its upper end, more than `low`.
    package var high: Double
    /// How many bins there are.
    package var bins: Int

    /// Joins the parts.
    package init(low: Double, high: Double, bins: Int) {
        precondition(low < high && bins > 0)
        self.low = low
        self.high = high
        self.bins = bins
    }

    /// The part that a chart shows of values in [`least`, `most`] that lie between `lower` and
    /// `upper` but for few. What lies further out than half of their distance again is left out,
    /// and counted beside the chart: a single outlier would squeeze all others into one bin.
    package init(least: Double, lower: Double, upper: Double, most: Double, bins: Int) {
        let margin = (upper - lower) / 2
        // `lower` and `upper` may be equal where most values are: then nothing is left out.
        let low = margin > 0 ? max(least, lower - margin) : least
        let high = margin > 0 ? min(most, upper + margin) : most
        let room = low < high ? 0 : max(0.5, abs(low) / 100)
        self.init(low: low - room, high: high + room, bins: bins)
    }

    /// Where bin `index`, counted from 0, begins; the end of the range for `bins`.
    package func edge(_ index: Int) -> Double {
        let share = Double(index) / Double(bins)
        return low * (1 - share) + high * share
    }
}

/// How many values are in each part of a range.
package struct HistogramData: Hashable, Sendable {
    /// A bin that is not empty.
    package struct Bin: Hashable, Sendable {
        /// Which one, from 0.
        package var index: Int
        /// How many values it has.
        package var count: Int
        /// The least of them.
        package var least: Double
        /// The largest of them.
        package var most: Double

        /// Joins the parts.
        package init(index: Int, count: Int, least: Double, most: Double) {
            self.index = index
            self.count = count
            self.least = least
            self.most = most
        }
    }

    /// What the bins cover.
    package var range: BinnedRange
    /// Bins that are not empty, ascending.
    package var bins: [Bin]
    /// Values below the range.
    package var below: Int
    /// Values above the range.
    package var above: Int

    /// Joins the parts.
    package init(range: BinnedRange, bins: [Bin], below: Int = 0, above: Int = 0) {
        self.range = range
        self.bins = bins
        self.below = below
        self.above = above
    }

    /// Whether each bin holds a single value: then the values are few, and are shown as such.
    package var isDiscrete: Bool { bins.allSatisfy { $0.least == $0.most } }
}

/// How many pairs of values are in each cell of a grid.
package struct DensityData: Hashable, Sendable {
    /// A cell that is not empty.
    package struct Cell: Hashable, Sendable {
        /// Its column, from 0 at the left.
        package var column: Int
        /// Its row, from 0 at the bottom.
        package var row: Int
        /// How many pairs it has.
        package var count: Int
        /// How many of them are marked.
        package var marked: Int

        /// Joins the parts.
        package init(column: Int, row: Int, count: Int, marked: Int = 0) {
            self.column = column
            self.row = row
            self.count = count
            self.marked = marked
        }
    }

    /// The horizontal axis.
    package var x: BinnedRange
    /// The vertical axis.
    package var y: BinnedRange
    /// Cells that are not empty.
    package var cells: [Cell]
    /// Pairs outside of the grid.
    package var outside: Int

    /// Joins the parts.
    package init(x: BinnedRange, y: BinnedRange, cells: [Cell], outside: Int = 0) {
        self.x = x
        self.y = y
        self.cells = cells
        self.outside = outside
    }
}

/// The tables of a run: one distribution for each prompt with a reward.
package struct TableReport: Hashable, Sendable {
    /// Tables with some number of rewards.
    package struct Size: Hashable, Sendable {
        /// The least number of rewards of these tables.
        package var least: Int
        /// The largest.
        package var most: Int
        /// How many tables.
        package var tables: Int
        /// The mean of their effective numbers of rewards: n²/Σt² with t the sizes of ties.
        package var effective: Double
        /// The least effective number.
        package var effectiveLeast: Double

        /// Joins the parts.
        package init(
            least: Int, most: Int, tables: Int, effective: Double, effectiveLeast: Double
        ) {
            self.least = least
            self.most = most
            self.tables = tables
            self.effective = effective
            self.effectiveLeast = effectiveLeast
        }
    }

    /// A table whose rewards are all equal.
    package struct Degenerate: Hashable, Sendable {
        /// The prompt's key.
        package var promptKey: String
        /// How many rewards there are.
        package var count: Int
        /// Their value.
        package var reward: Double

        /// Joins the parts.
        package init(promptKey: String, count: Int, reward: Double) {
            self.promptKey = promptKey
            self.count = count
            self.reward = reward
        }
    }

    /// A reward that tables have for all of their draws.
    package struct EqualReward: Hashable, Sendable {
        /// The reward.
        package var reward: Double
        /// How many tables.
        package var tables: Int

        /// Joins both.
        package init(reward: Double, tables: Int) {
            self.reward = reward
            self.tables = tables
        }
    }

    /// How many there are.
    package var count = 0
    /// Those with all draws of the run.
    package var complete = 0
    /// Those whose rewards are all equal, single ones among them.
    package var degenerate = 0
    /// Those with a single reward.
    package var single = 0
    /// Standard deviation of the prompts' means; `nil` for one table.
    package var deviationBetween: Double?
    /// Square root of the mean variance within a prompt; `nil` when no table has two rewards.
    package var deviationWithin: Double?
    /// Prompts by mean and standard deviation of their rewards, those with two at least.
    package var spread: DensityData?
    /// For some shares of prompts, what quantiles of their tables are at most.
    package var quantiles: [QuantilesOverPrompts] = []
    /// Tables by their numbers of rewards, ascending.
    package var sizes: [Size] = []
    /// The rewards of all-equal tables of two or more, the most frequent first.
    package var degenerateRewards: [EqualReward] = []
    /// The first all-equal tables of two or more rewards.
    package var degenerateExamples: [Degenerate] = []

    /// Nothing yet.
    package init() {}
}

/// A quantile of each prompt's table, over all prompts.
package struct QuantilesOverPrompts: Hashable, Sendable {
    /// Which quantile of a table, in [0, 1].
    package var level: Double
    /// For ascending shares of prompts: that many have the quantile at this value or below.
    package var values: [ReportQuantile]

    /// Joins both.
    package init(level: Double, values: [ReportQuantile]) {
        self.level = level
        self.values = values
    }
}

/// How long completions are, and how they end.
package struct LengthReport: Hashable, Sendable {
    /// How completions ended.
    package struct Ending: Hashable, Sendable {
        /// `stop`, `length` or `other`.
        package var reason: String
        /// How many.
        package var count: Int

        /// Joins both.
        package init(reason: String, count: Int) {
            self.reason = reason
            self.count = count
        }
    }

    /// Completions of one range of lengths.
    package struct Column: Hashable, Sendable {
        /// Which column of the grid, from 0.
        package var index: Int
        /// Completions with a reward.
        package var count: Int
        /// Their mean reward.
        package var mean: Double

        /// Joins the parts.
        package init(index: Int, count: Int, mean: Double) {
            self.index = index
            self.count = count
            self.mean = mean
        }
    }

    /// Whether lengths are in tokens, as the server reports them; else in characters.
    package var isInTokens: Bool
    /// Completions by how they ended, the most frequent first.
    package var endings: [Ending]
    /// Completions whose seed was sent to the server.
    package var seeded: Int
    /// When the first completion was committed, in UTC.
    package var firstLandedAt: String
    /// When the last one was.
    package var lastLandedAt: String
    /// Completions by length (x) and reward (y), truncated ones marked; `nil` without rewards.
    package var density: DensityData?
    /// The mean reward of each column of that grid that is not empty, ascending.
    package var means: [Column]

    /// Joins the parts.
    package init(
        isInTokens: Bool, endings: [Ending], seeded: Int, firstLandedAt: String,
        lastLandedAt: String, density: DensityData? = nil, means: [Column] = []
    ) {
        self.isInTokens = isInTokens
        self.endings = endings
        self.seeded = seeded
        self.firstLandedAt = firstLandedAt
        self.lastLandedAt = lastLandedAt
        self.density = density
        self.means = means
    }
}
