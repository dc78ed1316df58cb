internal import Postgres

/// A sampling or a scoring, with what it takes on disk.
package struct StoredData: Hashable, Sendable {
    /// Whether it is a sampling, which has completions; else a scoring, which has rewards.
    package let isSampling: Bool
    /// Its number.
    package let id: Int64
    /// The number of the sampling; of a scoring the one that it belongs to.
    package let sampling: Int64
    /// The name of the prompt set.
    package let promptSet: String
    /// Model id of the reference policy, or model id or name of the scorer.
    package let model: String
    /// Completions or rewards.
    package let items: Int
    /// Bytes on disk, indexes included.
    package let bytes: Int
    /// When a run first asked for it, as RFC 3339 text.
    package let createdAt: String

    init(_ row: PostgresRow) throws(PostgresError) {
        isSampling = try row.decode("kind", as: String.self) == "sampling"
        id = try row.decode("data_id")
        sampling = try row.decode("sampling_id")
        promptSet = try row.decode("prompt_set")
        model = try row.decode("model", as: String?.self) ?? ""
        items = try row.decode("items")
        bytes = try row.decode("bytes")
        createdAt = try row.decode("created_at")
    }
}
