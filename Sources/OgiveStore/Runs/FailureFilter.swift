internal import Postgres

/// Which failures of a run are meant: all that satisfy what is given.
package struct FailureFilter: Hashable, Sendable {
    /// The kind of failure, for example `timeout`.
    package var code: String?
    /// `sampling`, `scoring` or `logprob`.
    package var stage: String?
    /// The key of the prompt.
    package var prompt: String?

    /// All failures, unless fields are set.
    package init(code: String? = nil, stage: String? = nil, prompt: String? = nil) {
        self.code = code
        self.stage = stage
        self.prompt = prompt
    }

    /// $2 code, $3 stage, $4 prompt key of the queries; NULL means any.
    var parameters: [PostgresValue] {
        [code, stage, prompt].map { $0.map(PostgresValue.string) ?? .null }
    }
}

/// A draw or candidate that was given up.
package struct FailureEntry: Hashable, Sendable {
    /// The prompt.
    package let promptKey: String
    /// `draw`, `candidate` or `candidate_logprob`.
    package let kind: String
    /// Index within its kind.
    package let index: Int32
    /// `sampling`, `scoring` or `logprob`.
    package let stage: String
    /// Kind of failure.
    package let code: String
    /// What is wrong, where, and what to do, with the history of the attempts.
    package let message: String
    /// How often it was tried.
    package let attempts: Int32
    /// When it was given up.
    package let failedAt: String
}

/// How many failures there are of one kind.
package struct FailureGroup: Hashable, Sendable {
    /// Kind of failure.
    package let code: String
    /// `sampling`, `scoring` or `logprob`.
    package let stage: String
    /// How many draws and candidates.
    package let count: Int64
    /// Prompts that they belong to.
    package let prompts: Int64
}
