/// What is done with the candidates that came with the prompts.
package enum CandidateWork: String, Sendable, Codable, CaseIterable {
    /// The scorer gives each a reward.
    case score
    /// The policy gives the log-probability of each.
    case logprobs
}
