/// A prompt of a run in a list.
package struct PromptSummary: Hashable, Sendable {
    /// What the rewards of its draws say.
    package struct Rewards: Hashable, Sendable {
        /// How many there are.
        package var count: Int
        /// Their mean.
        package var mean: Double
        /// Their standard deviation; `nil` for one reward.
        package var deviation: Double?
        /// Whether all are equal.
        package var isDegenerate: Bool
        /// How many values they tell apart: n² over the sum of the squared sizes of groups of
        /// equal rewards.
        package var effective: Double

        /// Joins the parts.
        package init(
            count: Int, mean: Double, deviation: Double?, isDegenerate: Bool, effective: Double
        ) {
            self.count = count
            self.mean = mean
            self.deviation = deviation
            self.isDegenerate = isDegenerate
            self.effective = effective
        }
    }

    /// Its number.
    package var id: PromptID
    /// Its key within the set.
    package var key: CutText
    /// What is put to the policy, cut.
    package var content: CutText
    /// Draws that the run asks for, of this prompt; `nil` before any has a reward.
    package var target: Int?
    /// Its rewards; `nil` before there is one.
    package var rewards: Rewards?
    /// Draws, candidates and log-probabilities of it that were given up.
    package var failures: Int
    /// Quantile rewards of its candidates, by index; at most `quantilesMax`.
    package var quantiles: [Double]
    /// How many candidates have a quantile reward.
    package var candidates: Int

    /// Most quantile rewards of candidates that a row has.
    package static let quantilesMax = 4

    /// Joins the parts.
    package init(
        id: PromptID, key: CutText, content: CutText, target: Int? = nil, rewards: Rewards? = nil,
        failures: Int = 0, quantiles: [Double] = [], candidates: Int = 0
    ) {
        self.id = id
        self.key = key
        self.content = content
        self.target = target
        self.rewards = rewards
        self.failures = failures
        self.quantiles = quantiles
        self.candidates = candidates
    }
}

/// Which prompts a page lists, and where it begins. Each is answered in a time that does not grow
/// with the number of prompts.
package enum PromptQuery: Hashable, Sendable {
    /// In order of import, from prompts after a number.
    case inOrder(after: PromptID?, only: PromptFilter)
    /// In order of key, from this key on.
    case byKey(from: String)
    /// Those of these that pass, in this order; at most `PromptListing.namedMax` are looked at.
    case named([PromptID], only: PromptFilter)
}

/// What a prompt must be to be listed.
package struct PromptFilter: Hashable, Sendable {
    /// A property of prompts.
    package enum Property: String, Hashable, Sendable, CaseIterable {
        /// Any.
        case all
        /// All of its rewards are equal.
        case degenerate
        /// It lacks draws with a reward.
        case incomplete
        /// Something of it was given up.
        case failed
    }

    /// The property.
    package var property: Property
    /// The least mean reward.
    package var meanLeast: Double?
    /// The largest mean reward.
    package var meanMost: Double?
    /// The least quantile reward of a candidate: one of them must be in the band.
    package var quantileLeast: Double?
    /// The largest quantile reward of that candidate.
    package var quantileMost: Double?

    /// Joins the parts.
    package init(
        property: Property = .all, meanLeast: Double? = nil, meanMost: Double? = nil,
        quantileLeast: Double? = nil, quantileMost: Double? = nil
    ) {
        self.property = property
        self.meanLeast = meanLeast
        self.meanMost = meanMost
        self.quantileLeast = quantileLeast
        self.quantileMost = quantileMost
    }

    /// Whether it lets every prompt pass.
    package var isOpen: Bool { self == PromptFilter() }
    /// Whether it goes by what rewards say, beyond how many there are.
    package var hasRewards: Bool { property == .degenerate || meanLeast != nil || meanMost != nil }
    /// Whether it goes by quantile rewards of candidates.
    package var hasQuantiles: Bool { quantileLeast != nil || quantileMost != nil }
}

/// A page of prompts.
package struct PromptListing: Hashable, Sendable {
    /// Most prompts of a page.
    package static let rowsMax = 50
    /// Most prompts that are looked at for a page with a filter; fewer where it goes by rewards and
    /// tables are large.
    package static let scannedMax = 2000
    /// Most prompts of a sorted list.
    package static let namedMax = 1000
    /// Most rewards, about, that are read for a page, or for a step of sorting.
    package static let rewardsMax = 400_000

    /// Of `most` prompts so many that their tables of `draws` rewards each are no more than may be
    /// read: a half, a quarter, …, and not below `least`.
    package static func fitting(_ most: Int, draws: Int, least: Int = 1) -> Int {
        var prompts = most
        while prompts / 2 >= least, prompts * max(1, draws) > rewardsMax { prompts /= 2 }
        return prompts
    }

    /// The prompts.
    package var rows: [PromptSummary]
    /// Where the next page begins; `nil` when there is none.
    package var next: Next?
    /// Of a page with a filter: at most how many prompts were looked at.
    package var looked = PromptListing.scannedMax

    /// Where a page begins.
    package enum Next: Hashable, Sendable {
        /// After a prompt, in order of import.
        case after(PromptID)
        /// At a key, in order of keys.
        case from(key: String)
        /// So many places further on in a list of given prompts.
        case further(Int)
    }

    /// Joins both.
    package init(rows: [PromptSummary], next: Next?) {
        self.rows = rows
        self.next = next
    }
}

/// What a prompt is sorted by.
package struct PromptRank: Hashable, Sendable {
    /// Its number.
    package var id: PromptID
    /// The mean of its rewards; `nil` before there is one.
    package var mean: Double?
    /// Their standard deviation; 0 for one reward or none.
    package var deviation: Double
    /// How many values they tell apart; 0 for none.
    package var effective: Double
    /// What was given up of it.
    package var failures: Int
    /// The least and the largest quantile reward of its candidates; `nil` without any.
    package var quantiles: ClosedRange<Double>?

    /// Joins the parts.
    package init(
        id: PromptID, mean: Double?, deviation: Double, effective: Double = 0, failures: Int = 0,
        quantiles: ClosedRange<Double>? = nil
    ) {
        self.id = id
        self.mean = mean
        self.deviation = deviation
        self.effective = effective
        self.failures = failures
        self.quantiles = quantiles
    }
}
