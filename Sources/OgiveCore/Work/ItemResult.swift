/// What became of one item of a task.
package struct ItemResult: Hashable, Sendable {
    /// The item.
    package var name: ItemName
    /// The completion that was sampled; `nil` when the item brought its text, or sampling failed.
    package var completion: Completion?
    /// Its seed; a server that takes 32 bits was sent the lower 31.
    package var seed: UInt64?
    /// The raw reward, finite; `nil` when there is a failure.
    package var reward: Double?
    /// What the policy said of a candidate whose log-probability was asked for; `nil` for all other
    /// items.
    package var logProbability: LogProbability?
    /// The raw rewards of the parts of a weighted sum, finite; empty for every other scorer.
    package var parts: [Double] = []
    /// Why the reward, or the completion too, is missing.
    package var failure: Failure?
    /// Time the policy took, from request to answer (of the whole request for k draws at once).
    package var sampleDuration: Duration?
    /// Tokens that the scorer spent, where its server reports them: the item's part of its
    /// request's.
    package var scorerTokens: TokenCount?
    /// Tokens that the policy spent on a candidate's log-probability, where its server reports
    /// them: the item's part of its request's.
    package var policyTokens: TokenCount?

    /// Begins a result without content.
    package init(name: ItemName) {
        self.name = name
    }
}

extension ItemResult {
    /// The columns of a draw that follow from its result, beside those of its completion.
    package static let columns: [StoredColumn<ItemResult>] = [
        StoredColumn("seed") { $0.seed.map { StoredValue.bigint(Int64($0)) } },
        StoredColumn("sample_ms") {
            $0.sampleDuration.map { StoredValue.real(Float($0 / .milliseconds(1))) }
        },
        StoredColumn("prompt_tokens") {
            StoredValue.tokens($0.completion?.promptTokenCount ?? $0.policyTokens?.input)
        },
    ]
}

/// A typed reason why a draw or its reward is missing. An error is never a score.
package struct Failure: Hashable, Sendable {
    /// The stage that failed.
    package enum Stage: String, Sendable, CaseIterable {
        /// No completion was got.
        case sampling
        /// A completion was got, but no reward.
        case scoring
        /// A candidate's log-probability was not got.
        case logProbability = "logprob"
    }

    /// The stage that failed.
    package var stage: Stage
    /// The kind of failure.
    package var code: ModelError.Code
    /// What a person needs to know.
    package var message: String
    /// How often it was tried.
    package var attempts: Int

    /// Joins the parts.
    package init(stage: Stage, code: ModelError.Code, message: String, attempts: Int) {
        self.stage = stage
        self.code = code
        self.message = message
        self.attempts = attempts
    }
}

extension [ItemResult] {
    /// About what they take in memory: their texts, and what each takes without any.
    var byteCount: Int {
        // By index: a loop over the elements would copy each of them, with its text.
        indices.reduce(0) { $0 + self[$1].byteCount }
    }
}

extension ItemResult {
    /// About what a result without texts takes.
    private static let bytesWithout = 512

    fileprivate var byteCount: Int {
        var bytes = Self.bytesWithout + 8 * parts.count
        if let completion {
            bytes += completion.content.byteCount
            bytes += 4 * (completion.tokenIDs?.count ?? 0)
            bytes += 8 * (completion.tokenLogProbabilities?.count ?? 0)
        }
        if let logProbability {
            bytes += 4 * (logProbability.tokenIDs?.count ?? 0)
            bytes += 8 * (logProbability.tokenValues?.count ?? 0)
        }
        if let failure { bytes += failure.message.utf8.count }
        return bytes
    }
}
