internal import OgiveCore

/// What of one run's results lands: the one place where that is decided.
///
/// The first text of a draw stays, and a reward or failure belongs to a text: one of a text that
/// is dropped is dropped too. The first outcome of an item settles it; nothing that is committed
/// changes. Whether a draw is kept never depends on what it says.
struct LandingPlan: Sendable {
    typealias Key = LandingResult.Key

    /// Texts that are new, by ascending key.
    private(set) var completions: [LandingResult] = []
    /// Of these the ones that came with neither reward nor failure.
    private(set) var bare = 0
    /// New rewards of draws, by ascending key.
    private(set) var rewards: [LandingResult] = []
    /// New rewards of candidates, by ascending key.
    private(set) var candidateRewards: [LandingResult] = []
    /// New failures of draws and candidates, by ascending key.
    private(set) var failures: [LandingResult] = []
    /// New log-probabilities of candidates, or failures in their place, by ascending key.
    private(set) var logProbabilities: [LandingResult] = []

    private let ground: LandingGround
    private var texts: [Key: LandingResult] = [:]
    private var scored: Set<Key> = []

    /// Decides. `results` are those of one run, in order of arrival.
    init(_ results: [LandingResult], on ground: LandingGround) {
        self.ground = ground
        let own = results.filter {
            $0.key.name.index >= 0 && !ground.strangers.contains($0.key.prompt)
        }
        chooseLogProbabilities(own)
        let kept = withoutSettled(own)
        chooseCompletions(kept)
        chooseRewards(kept)
        chooseFailures(kept)
        completions.sort { $0.key < $1.key }
        rewards.sort { $0.key < $1.key }
        candidateRewards.sort { $0.key < $1.key }
        failures.sort { $0.key < $1.key }
        logProbabilities.sort { $0.key < $1.key }
    }

    private mutating func chooseLogProbabilities(_ results: [LandingResult]) {
        var told: Set<Key> = []
        for result in results where result.key.name.kind == .candidateLogProbability {
            guard result.outcome.logProbability != nil || result.outcome.failure != nil,
                ground.candidates.contains(result.key.candidate),
                !ground.toldCandidates.contains(result.key.candidate),
                told.insert(result.key).inserted
            else { continue }
            logProbabilities.append(result)
        }
    }

    /// Draws and candidates that no failure settled, one earlier in the batch included: the first
    /// committed outcome stays until a person asks for a retry.
    private func withoutSettled(_ results: [LandingResult]) -> [LandingResult] {
        var failed: Set<Key> = []
        return results.filter { result in
            guard result.key.name.kind != .candidateLogProbability,
                !ground.failures.contains(result.key), !failed.contains(result.key)
            else { return false }
            if result.outcome.failure != nil { failed.insert(result.key) }
            return true
        }
    }

    private mutating func chooseCompletions(_ results: [LandingResult]) {
        var bareKeys: Set<Key> = []
        texts.reserveCapacity(results.count)
        for result in results where result.completion != nil {
            if ground.completions.contains(result.key) { continue }
            if result.outcome.reward == nil, result.outcome.failure == nil {
                bareKeys.insert(result.key)
            }
            if texts[result.key] != nil { continue }
            texts[result.key] = result
            completions.append(result)
        }
        bare = bareKeys.count
    }

    private mutating func chooseRewards(_ results: [LandingResult]) {
        scored.reserveCapacity(results.count)
        for result in results where result.outcome.reward != nil {
            let key = result.key
            if key.name.kind == .candidate {
                guard ground.candidates.contains(key), !ground.rewardedCandidates.contains(key),
                    scored.insert(key).inserted
                else { continue }
                candidateRewards.append(result)
            } else {
                guard hasText(key), isOfKeptText(result), !isRewarded(key),
                    scored.insert(key).inserted
                else { continue }
                rewards.append(result)
            }
        }
    }

    /// An item with a reward has not failed; nor has the sampling of a draw whose text is there.
    private mutating func chooseFailures(_ results: [LandingResult]) {
        for result in results {
            guard let failure = result.outcome.failure else { continue }
            let key = result.key
            if scored.contains(key) { continue }
            if key.name.kind == .candidate {
                guard ground.candidates.contains(key), !ground.rewardedCandidates.contains(key)
                else { continue }
            } else {
                guard isOfKeptText(result), failure.stage != .sampling || !hasText(key),
                    !isRewarded(key)
                else { continue }
            }
            failures.append(result)
        }
    }

    /// Whether the draw has a text, before or after this batch.
    private func hasText(_ key: Key) -> Bool {
        texts[key] != nil || ground.completions.contains(key)
    }

    /// Whether the result's text, if it brings one, is the one that stays. Byte for byte: strings
    /// would be equal that Unicode only calls equivalent.
    private func isOfKeptText(_ result: LandingResult) -> Bool {
        guard let text = result.completion?.text else { return true }
        if let kept = texts[result.key] {
            return kept === result
                || kept.completion?.text.utf8.elementsEqual(text.utf8) == true
        }
        return ground.digests[result.key] == SHA256Digest(hashing: text)
    }

    /// Whether the draw had a reward before this batch.
    private func isRewarded(_ key: Key) -> Bool {
        ground.tables[key.prompt]?.contains(key.name.index) ?? false
    }
}

extension LandingPlan {
    /// The tables of prompts with new rewards, as they are after this batch, by ascending prompt.
    var tables: [(prompt: Int64, table: LandingGround.Table)] {
        var merged: [(prompt: Int64, table: LandingGround.Table)] = []
        var start = 0
        while start < rewards.count {
            let prompt = rewards[start].key.prompt
            let end = rewards[start...].firstIndex { $0.key.prompt != prompt } ?? rewards.count
            let fresh = rewards[start..<end].lazy.compactMap { result in
                result.outcome.reward.map { (result.key.name.index, $0) }
            }
            let former = ground.tables[prompt] ?? LandingGround.Table()
            merged.append((prompt, former.merged(with: Array(fresh))))
            start = end
        }
        return merged
    }
}

extension LandingGround.Table {
    /// Whether a draw has a reward.
    func contains(_ index: Int32) -> Bool {
        var (low, high) = (0, indexes.count)
        while low < high {
            let middle = (low + high) / 2
            if indexes[middle] < index { low = middle + 1 } else { high = middle }
        }
        return low < indexes.count && indexes[low] == index
    }

    /// Draws 0 to this number - 1 are all there.
    var completeTo: Int32 {
        Int32(indexes.enumerated().prefix { $0 == Int($1) }.count)
    }

    /// With other draws, also by ascending index.
    func merged(with fresh: [(index: Int32, reward: Double)]) -> Self {
        var all = Self()
        all.indexes.reserveCapacity(indexes.count + fresh.count)
        all.rewards.reserveCapacity(indexes.count + fresh.count)
        var next = 0
        for (index, reward) in fresh {
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
