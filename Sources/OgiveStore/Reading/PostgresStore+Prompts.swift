package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Most prompts that a message names.
    private static let namedMax = 3

    /// The prompt of a run that a person means: by its key, by its number (`17` or `#17`), or by
    /// the beginning of its key. Throws `.conflict` when there is none, or several.
    package func prompt(
        ofRun run: String, meant text: String
    ) async throws(StoreError) -> NamedPrompt {
        _ = try await self.run(named: run)
        return try await database.with("find the prompt") { connection in
            func find(_ sql: String, _ more: PostgresValue...) async throws -> [NamedPrompt] {
                try await connection.query(sql, [.string(run)] + more).map { row in
                    NamedPrompt(
                        id: PromptID(try row.decode("prompt_id")),
                        key: try row.decode("prompt_key"))
                }
            }
            let exact = try await find(ReadingQueries.promptByKey, .string(text))
            if let exact = exact.first { return exact }
            let isNumber = text.hasPrefix("#")
            var found: [NamedPrompt] = []
            if let number = Int64(isNumber ? text.dropFirst() : text[...]) {
                found = try await find(ReadingQueries.promptByID, .int64(number))
            }
            if !isNumber, !text.isEmpty {
                // As `ogive` shows it.
                let beginning = text.hasSuffix("…") ? String(text.dropLast()) : text
                let matches = try await find(
                    ReadingQueries.promptsByPrefix, .string(beginning),
                    .int64(Int64(Self.namedMax)))
                for match in matches where !found.contains(match) { found.append(match) }
            }
            if found.count == 1 { return found[0] }
            throw Self.notOne(run, text, found)
        }
    }

    /// The stored draws of a prompt, in order; none when nothing has landed.
    package func completions(
        ofRun run: String, prompt: PromptID
    ) async throws(StoreError) -> [ScoredCompletion] {
        try await database.with("read the completions") { connection in
            try await connection.query(
                ReadingQueries.completions, [.string(run), .int64(prompt.rawValue)]
            ).map { row in
                ScoredCompletion(
                    draw: try row.decode("draw_index"), text: try row.decode("text"),
                    reward: try row.decode("reward", as: Double?.self),
                    quantileReward: try row.decode("quantile_reward", as: Double?.self),
                    logProbability: try row.decode("log_probability", as: Double?.self),
                    tokens: try row.decode("token_count", as: Int32?.self),
                    isTruncated: try row.decode("truncated", as: Bool?.self) ?? false)
            }
        }
    }

    private static func notOne(
        _ run: String, _ text: String, _ found: [NamedPrompt]
    ) -> StoreError {
        guard !found.isEmpty else {
            return StoreError(
                .conflict,
                "Run '\(run)' has no prompt '\(text)': give its key, the beginning of its key, or "
                    + "its number. The view ogive.prompts lists them.")
        }
        let list = found.map { "#\($0.id.rawValue) (\($0.key))" }.joined(separator: ", ")
        return StoreError(
            .conflict,
            "Run '\(run)' has several prompts that '\(text)' may mean: \(list)"
                + (found.count >= namedMax ? ", …" : "") + ". Give more of the key, or #NUMBER.")
    }
}

/// A prompt by both of its names.
package struct NamedPrompt: Hashable, Sendable {
    /// Its number.
    package let id: PromptID
    /// Its key within the prompt set.
    package let key: String
}

/// A stored draw of a prompt, with its reward in a run.
package struct ScoredCompletion: Hashable, Sendable {
    /// Which draw of the prompt.
    package let draw: Int32
    /// The text as it was sampled.
    package let text: String
    /// The raw reward; `nil` when it has none.
    package let reward: Double?
    /// The quantile reward; `nil` when it has none.
    package let quantileReward: Double?
    /// log π_ref(y|x); `nil` when it is not known.
    package let logProbability: Double?
    /// Tokens, where the server reports them.
    package let tokens: Int32?
    /// Whether `max_tokens` cut it off.
    package let isTruncated: Bool
}
