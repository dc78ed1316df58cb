/// How much of log π_ref(y|x) is asked for and stored with each draw, and with each candidate where
/// a run asks for that.
package enum LogProbabilities: String, Sendable, Codable, CaseIterable {
    /// Nothing.
    case none
    /// The sum over the tokens.
    case sum
    /// The sum, and the id and log-probability of each token.
    case tokens
}
