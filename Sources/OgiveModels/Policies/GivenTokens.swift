/// A completion whose log-probability is asked for, as tokens.
package struct GivenTokens: Sendable {
    /// Its place among those asked for together.
    let index: Int
    /// The prompt's tokens.
    let prompt: [Int32]
    /// Its own, the end token included.
    let completion: [Int32]

    /// Joins the parts.
    package init(index: Int, prompt: [Int32], completion: [Int32]) {
        self.index = index
        self.prompt = prompt
        self.completion = completion
    }

    /// What the server reads.
    var ids: [Int32] { prompt + completion }

    /// Most tokens of one request with several completions: log-probabilities of a prompt take
    /// vocabulary × 4 bytes for each token at the server, for all that it works on at once.
    static let tokensMax = 8_192

    /// Batches in order, each of at most `tokensMax` tokens, or of one completion.
    static func batches(_ given: [GivenTokens], tokensMax: Int = tokensMax) -> [[GivenTokens]] {
        var batches: [[GivenTokens]] = []
        var size = 0
        for one in given {
            let count = one.prompt.count + one.completion.count
            if size + count > tokensMax || batches.isEmpty {
                batches.append([one])
                size = count
            } else {
                batches[batches.count - 1].append(one)
                size += count
            }
        }
        return batches
    }
}
