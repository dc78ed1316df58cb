internal import FoundationEssentials
package import OgiveCore
internal import Postgres

/// A draw that ended, with the log-probability that came with it.
package struct StoredLogProbability: Sendable {
    /// The prompt.
    package let prompt: Prompt
    /// The index of the draw.
    package let draw: Int
    /// The completion, byte for byte.
    package let text: String
    /// log π_ref(y|x) in nats, the end token included.
    package let sum: Double
    /// Tokens, the end token included; more than 0.
    package let tokenCount: Int
}

extension PostgresStore {
    /// Some draws of a sampling that ended and have a log-probability, at most `each` of a prompt;
    /// the draws of one prompt follow each other. Draws whose text lost bytes are left out.
    package func storedLogProbabilities(
        of sampling: SamplingID, most: Int, each: Int
    ) async throws(StoreError) -> [StoredLogProbability] {
        try await database.with("read stored log-probabilities") { connection in
            try await connection.query(
                ReadingQueries.storedLogProbabilities,
                [.int64(sampling.rawValue), .int64(Int64(each)), .int64(Int64(most))]
            ).map { row in
                let content = try JSONDecoder().decode(
                    PromptContent.self, from: Data(row.decode("content", as: String.self).utf8))
                return StoredLogProbability(
                    prompt: Prompt(
                        id: PromptID(try row.decode("id")), key: try row.decode("key"),
                        content: content, metadata: try row.decode("metadata")),
                    draw: try row.decode("draw_index"), text: try StoredText(row).text,
                    sum: try row.decode("log_probability"),
                    tokenCount: try row.decode("token_count"))
            }
        }
    }
}
