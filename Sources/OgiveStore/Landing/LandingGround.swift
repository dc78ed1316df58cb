internal import OgiveCore

/// What the database has of the items of one run's results, as far as it matters to them.
struct LandingGround: Sendable {
    typealias Key = LandingResult.Key

    /// The rewards of a prompt's draws, by ascending index.
    struct Table: Sendable {
        var indexes: [Int32] = []
        var rewards: [Double] = []
    }

    /// Prompts that are not of the run's set.
    var strangers: Set<Int64> = []
    /// Draws and candidates that a failure settled.
    var failures: Set<Key> = []
    /// Draws with a text.
    var completions: Set<Key> = []
    /// The hashes of these texts' bytes, of those draws for which a text came again.
    var digests: [Key: SHA256Digest] = [:]
    /// The tables of prompts that have one, whole.
    var tables: [Int64: Table] = [:]
    /// What of these tables is in their tails.
    var tails: [Int64: Table] = [:]
    /// Candidates that are there.
    var candidates: Set<Key> = []
    /// Candidates that have a reward.
    var rewardedCandidates: Set<Key> = []
    /// Stored texts that results may have too.
    var shared = SharedTexts()
    /// Candidates that have a log-probability, or a failure in its place.
    var toldCandidates: Set<Key> = []
}
