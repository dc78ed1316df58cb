internal import OgiveCore

/// What of one run's results lands: the one place where that is decided.
///
/// The first text of a draw stays, and a reward or failure belongs to a text: one of a text that
/// is dropped is dropped too. The first outcome of an item resolves it; nothing that is committed
/// changes. Whether a draw is kept never depends on what it says. A text of a prompt has one reward
/// in a scoring: the first that came.
struct LandingPlan: Sendable {
    typealias Key = LandingResult.Key

    /// Texts that are new, by ascending key.
    private(set) var completions: [LandingResult] = []
    /// Of these the ones that came with neither reward nor failure.
    private(set) var textsOnly = 0
    /// New rewards of draws, by ascending key.
    private(set) var rewards: [LandingReward] = []
    /// New rewards of candidates, by ascending key.
    private(set) var candidateRewards: [LandingReward] = []
    /// New failures of draws and candidates, by ascending key.
    private(set) var failures: [LandingResult] = []
    /// New log-probabilities of candidates, or failures in their place, by ascending key.
    private(set) var logProbabilities: [LandingResult] = []

    /// What the database has, on which this was decided.
    let committed: CommittedState
    /// The item that is decided on, what this batch brought as its text, and whether it is
    /// resolved.
    private var current: Key?
    private var text: LandingResult?
    private var isResolved = false

    /// Decides. `results` are those of one run, `inOrder`: each item's one after the other, in
    /// order of arrival, so that it is all the same in which batches they come.
    init(_ results: [LandingResult], on committed: CommittedState) {
        self.committed = committed
        completions.reserveCapacity(results.count)
        rewards.reserveCapacity(results.count)
        for result in results {
            if result.key != current { begin(result.key) }
            if isResolved { continue }
            switch result.key.name.kind {
            case .draw: decide(draw: result)
            case .candidate: decide(candidate: result)
            case .candidateLogProbability: decide(logProbability: result)
            }
        }
        committed.shared.resolve(&rewards, &candidateRewards)
    }

    private mutating func begin(_ key: Key) {
        current = key
        text = nil
        isResolved =
            key.name.index < 0 || committed.foreignPrompts.contains(key.prompt)
            || committed.failures.contains(key)
    }

    /// An item with a reward has not failed; nor has the sampling of a draw whose text is there.
    private mutating func decide(draw result: LandingResult) {
        let key = result.key
        if result.hasText, !hasText(key) {
            text = result
            completions.append(result)
            if !result.outcome.isSome { textsOnly += 1 }
        }
        guard result.outcome.isSome, !isRewarded(key), isOfKeptText(result) else { return }
        if let reward = result.outcome.reward, hasText(key) {
            let text = result.hasText ? result : text
            rewards.append(LandingReward(result: result, text: text, reward))
            isResolved = true
        } else if let failure = result.outcome.failure, failure.stage != .sampling || !hasText(key)
        {
            failures.append(result)
            isResolved = true
        }
    }

    private mutating func decide(candidate result: LandingResult) {
        guard committed.candidates.contains(result.key),
            !committed.rewardedCandidates.contains(result.key), result.outcome.isSome
        else { return }
        if let reward = result.outcome.reward {
            candidateRewards.append(LandingReward(result: result, text: nil, reward))
        } else {
            failures.append(result)
        }
        isResolved = true
    }

    private mutating func decide(logProbability result: LandingResult) {
        guard committed.candidates.contains(result.key.candidate),
            !committed.candidatesWithLogProbability.contains(result.key.candidate),
            result.outcome.isSome
        else { return }
        logProbabilities.append(result)
        isResolved = true
    }

    /// Whether the current draw has a text, before or after this batch.
    private func hasText(_ key: Key) -> Bool {
        text != nil || committed.completions.contains(key)
    }

    /// Whether the result's text, if it brings one, is the one that stays, byte for byte.
    private func isOfKeptText(_ result: LandingResult) -> Bool {
        if text === result { return true }
        guard let own = result.completion?.content else { return true }
        if let text { return text.completion?.content == own }
        return committed.digests[result.key] == SHA256Digest(hashing: own)
    }

    /// Whether the draw had a reward before this batch.
    private func isRewarded(_ key: Key) -> Bool {
        committed.tables[key.prompt]?.contains(key.name.index) ?? false
    }
}

extension LandingPlan {
    /// The rewards of one prompt's draws: the whole table, and what of it is not in the stored
    /// table yet, or only in its tail.
    typealias PromptTable = (
        prompt: Int64, table: CommittedState.Table, tail: CommittedState.Table
    )

    /// The tables that new `rewards`, by ascending key, belong to, as they are with them.
    func tables(of rewards: [LandingReward]) -> [PromptTable] {
        var merged: [PromptTable] = []
        var start = 0
        while start < rewards.count {
            let prompt = rewards[start].key.prompt
            let end = rewards[start...].firstIndex { $0.key.prompt != prompt } ?? rewards.count
            let fresh = CommittedState.Table(
                indexes: rewards[start..<end].map(\.key.name.index),
                rewards: rewards[start..<end].map(\.score.reward))
            let former = committed.tables[prompt] ?? CommittedState.Table()
            let tail = committed.tails[prompt] ?? CommittedState.Table()
            merged.append((prompt, former.merged(with: fresh), tail.merged(with: fresh)))
            start = end
        }
        return merged
    }
}

extension CommittedState.Table {
    /// Whether a draw has a reward.
    func contains(_ index: Int32) -> Bool { reward(of: index) != nil }

    /// The reward of a draw.
    func reward(of index: Int32) -> Double? {
        var (low, high) = (0, indexes.count)
        while low < high {
            let middle = (low + high) / 2
            if indexes[middle] < index { low = middle + 1 } else { high = middle }
        }
        return low < indexes.count && indexes[low] == index ? rewards[low] : nil
    }

    /// Draws 0 to this number - 1 are all there.
    var completeTo: Int32 {
        Int32(indexes.enumerated().prefix { $0 == Int($1) }.count)
    }

    /// Whether the table, if it is one of `draws` draws, is written whole, and not only a tail of
    /// so many draws. A table of n draws is written again for each tail, and a tail for each batch
    /// of some eight draws: a tail of the root of 8 n costs the least. Short tables have none, nor
    /// have complete ones.
    func isWrittenWhole(of draws: Int32, tail: Int) -> Bool {
        let count = indexes.count
        return count <= Self.shortMax || completeTo >= draws || tail * tail >= 8 * count
    }

    /// The most draws of a table that has no tail: its row is not much longer than one.
    static let shortMax = 64

    /// With other draws.
    func merged(with fresh: Self) -> Self {
        var all = Self()
        all.indexes.reserveCapacity(indexes.count + fresh.indexes.count)
        all.rewards.reserveCapacity(indexes.count + fresh.indexes.count)
        var next = 0
        for (index, reward) in zip(fresh.indexes, fresh.rewards) {
            while next < indexes.count, indexes[next] < index {
                all.append(indexes[next], rewards[next])
                next += 1
            }
            all.append(index, reward)
        }
        while next < indexes.count {
            all.append(indexes[next], rewards[next])
            next += 1
        }
        return all
    }

    private mutating func append(_ index: Int32, _ reward: Double) {
        indexes.append(index)
        rewards.append(reward)
    }
}

extension LandingResult.Key {
    /// The candidate, whether its reward or its log-probability is meant.
    var candidate: Self { Self(prompt: prompt, name: .candidate(name.index)) }
}
