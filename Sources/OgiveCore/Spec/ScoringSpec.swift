/// A scoring: sampling × scorer. Owns rewards.
package struct ScoringSpec: Hashable, Sendable, Codable {
    /// The sampling whose completions are scored.
    package var sampling: SamplingSpec
    /// The scorer.
    package var scorer: ScorerSpec

    /// Joins the two parts.
    package init(sampling: SamplingSpec, scorer: ScorerSpec) {
        self.sampling = sampling
        self.scorer = scorer
    }

    /// What identifies the scoring.
    package var digest: SHA256Digest {
        SHA256Digest(hashing: CanonicalJSON.encode(self))
    }
}
