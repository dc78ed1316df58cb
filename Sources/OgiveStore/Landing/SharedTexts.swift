internal import OgiveCore
internal import Postgres

/// Stored texts that an item of a batch may have too, and the rewards that they have.
///
/// Only texts are looked at that have the length of one with a new reward: most differ in it.
/// Whoever makes texts can choose their lengths, and with them how many stored ones the database
/// hashes; but only of the prompts that it was granted, and only while it lands such a text itself:
/// large ones wait in a lane of their own.
///
/// Nobody can make these sets and dictionaries slow: they are keyed by numbers and by SHA-256, all
/// 32 bytes of it, and Swift hashes them with a seed that each process draws anew.
struct SharedTexts: Sendable {
    /// The length in bytes of a prompt's text.
    struct Length: Hashable, Sendable {
        let prompt: Int64
        let bytes: Int

        func _rawHashValue(seed: Int) -> Int {
            QuickHash.of(
                UInt64(bitPattern: prompt), UInt64(bitPattern: Int64(bytes)), seed: seed)
        }
    }

    /// A prompt's text.
    struct Text: Hashable, Sendable {
        let prompt: Int64
        let digest: SHA256Digest
    }

    /// Lengths that a stored text has, and one with a new reward too.
    var storedLengths: Set<Length> = []
    /// Stored texts of such lengths.
    var digests: [LandingResult.Key: SHA256Digest] = [:]
    /// The rewards that these texts have.
    var scores: [Text: LandingScore] = [:]

    /// Gives each new reward of a text that has one already the reward that it has. The first one
    /// that came stays, whatever it is: this depends on no content. `draws` and `candidates` stay
    /// in their order.
    func resolve(_ draws: inout [LandingReward], _ candidates: inout [LandingReward]) {
        let alike = alike(draws)
        if alike.isEmpty, storedLengths.isEmpty { return }
        var scores = scores
        let places =
            draws.indices.map { (draws[$0].result.arrival, $0, true) }
            + candidates.indices.map { (candidates[$0].result.arrival, $0, false) }
        for (_, place, isDraw) in places.sorted(by: { $0.0 < $1.0 }) {
            let reward = isDraw ? draws[place] : candidates[place]
            guard let text = text(of: reward, alike) else { continue }
            if let score = scores[text] {
                if isDraw { draws[place].score = score } else { candidates[place].score = score }
            } else {
                scores[text] = reward.score
            }
        }
    }

    /// The samples that more than one new text has: all others are of texts that only stored ones
    /// can be equal to. Two texts with one sample need not be the same.
    private func alike(_ draws: [LandingReward]) -> Set<TextSample> {
        var (once, twice): (Set<TextSample>, Set<TextSample>) = ([], [])
        once.reserveCapacity(draws.count)
        for draw in draws {
            guard let sample = draw.text?.textSample else { continue }
            if !once.insert(sample).inserted { twice.insert(sample) }
        }
        return twice
    }

    /// The text of an item, when another one may have it.
    private func text(of reward: LandingReward, _ alike: Set<TextSample>) -> Text? {
        let prompt = reward.key.prompt
        if let sample = reward.text?.textSample {
            let isStored = storedLengths.contains(Length(prompt: prompt, bytes: sample.bytes))
            guard isStored || alike.contains(sample) else { return nil }
            return reward.text?.textDigest.map { Text(prompt: prompt, digest: $0) }
        }
        return digests[reward.key].map { Text(prompt: prompt, digest: $0) }
    }
}

extension CommittedState {
    /// Finds which texts of the results' prompts are, or may be, the same: first by their lengths,
    /// then by hashes of the few that have one length. Knows the tables already.
    mutating func readSharedTexts(
        _ run: RunLanding, _ connection: PostgresConnection
    ) async throws {
        shared = SharedTexts()
        var texts = StoredLengths(run.results)
        if texts.prompts.isEmpty { return }
        let stored = texts.prompts.filter {
            tables[$0] != nil || texts.promptsOfStored.contains($0)
        }
        if !stored.isEmpty {
            let rows = try await connection.queryPrepared(
                LandingQueries.lengths, [.int64(run.sampling), .int64Array(stored)])
            for row in rows {
                let key = Key(prompt: try row.decode(0), name: .draw(try row.decode(1)))
                let isRewarded = tables[key.prompt]?.contains(key.name.index) == true
                texts.add(key, bytes: try row.decode(2), isRewarded: isRewarded)
            }
        }
        if run.hasCandidates {
            let rows = try await connection.queryPrepared(
                LandingQueries.candidateLengths, [.int64Array(texts.prompts)])
            for row in rows {
                let key = Key(prompt: try row.decode(0), name: .candidate(try row.decode(1)))
                texts.add(key, bytes: try row.decode(2), isRewarded: true)
            }
        }
        shared.storedLengths = texts.shared
        if shared.storedLengths.isEmpty { return }
        try await readScores(
            texts.stored(.draw, of: shared.storedLengths), LandingQueries.textsOfDraws,
            [.int64(run.scoring), .int64(run.sampling)], connection)
        try await readScores(
            texts.stored(.candidate, of: shared.storedLengths), LandingQueries.textsOfCandidates,
            [.int64(run.scoring)], connection)
    }

    /// Reads hashes of stored texts, and the rewards that they have.
    private mutating func readScores(
        _ keys: [Key], _ sql: String, _ owner: [PostgresValue], _ connection: PostgresConnection
    ) async throws {
        if keys.isEmpty { return }
        let rows = try await connection.queryPrepared(
            sql,
            [.int64Array(keys.map(\.prompt)), .int32Array(keys.map(\.name.index))] + owner)
        for row in rows {
            let place: Int = try row.decode(0)
            let key = keys[place - 1]
            guard let digest = SHA256Digest(bytes: try row.decode(1)) else { continue }
            shared.digests[key] = digest
            let reward =
                try key.name.kind == .draw
                ? tables[key.prompt]?.reward(of: key.name.index)
                : row.decode(3, as: Double?.self)
            guard let reward else { continue }
            let text = SharedTexts.Text(prompt: key.prompt, digest: digest)
            // Rows come by ascending key: of rewards from before there was one, the first stays.
            if shared.scores[text] == nil {
                shared.scores[text] = LandingScore(
                    reward: reward, parts: try row.decode(2, as: [Double]?.self) ?? [])
            }
        }
    }

    /// The lengths of texts that a batch brings, and of stored ones.
    struct StoredLengths {
        /// Prompts with a new reward, ascending.
        private(set) var prompts: [Int64] = []
        /// Those of them with a new reward of a draw whose text is stored.
        var promptsOfStored: Set<Int64> {
            Set(storedItems.lazy.filter { $0.name.kind == .draw }.map(\.prompt))
        }
        /// Draws and candidates with a new reward that bring no text.
        private var storedItems: Set<Key> = []
        /// Lengths of the texts that come with a reward.
        private var fresh: [SharedTexts.Length] = []
        /// Stored texts, and whether they get a reward.
        private var entries: [(key: Key, length: SharedTexts.Length, isFresh: Bool)] = []

        init(_ results: [LandingResult]) {
            fresh.reserveCapacity(results.count)
            for result in results where result.outcome.reward != nil {
                let prompt = result.key.prompt
                if prompt != prompts.last { prompts.append(prompt) }
                if let bytes = result.textBytes {
                    fresh.append(SharedTexts.Length(prompt: prompt, bytes: bytes))
                } else {
                    storedItems.insert(result.key)
                }
            }
        }

        /// The stored texts of one length.
        private struct Stored {
            var count = 0
            var isFresh = false
        }

        /// Takes in a stored text that has a reward or gets one; what a batch copied ahead of its
        /// rewards has none.
        mutating func add(_ key: Key, bytes: Int, isRewarded: Bool) {
            let isFresh = storedItems.contains(key)
            guard isRewarded || isFresh else { return }
            let length = SharedTexts.Length(prompt: key.prompt, bytes: bytes)
            entries.append((key, length, isFresh))
        }

        /// Lengths that a stored text and another text have, one of them with a new reward.
        var shared: Set<SharedTexts.Length> {
            if entries.isEmpty { return [] }
            let fresh = Set(fresh)
            var stored: [SharedTexts.Length: Stored] = [:]
            for entry in entries {
                stored[entry.length, default: Stored()].count += 1
                if entry.isFresh { stored[entry.length]?.isFresh = true }
            }
            return Set(
                stored.lazy.filter { length, stored in
                    fresh.contains(length) || stored.isFresh && stored.count > 1
                }.map(\.key))
        }

        /// Stored texts of one of these `lengths`, by ascending key.
        func stored(_ kind: ItemName.Kind, of lengths: Set<SharedTexts.Length>) -> [Key] {
            entries.filter { $0.key.name.kind == kind && lengths.contains($0.length) }
                .map(\.key).sorted()
        }
    }
}
