internal import FoundationEssentials
package import OgiveCore
internal import Postgres

extension PostgresStore {
    /// Some completions of a sampling: of its first prompts that have any, the first ones each.
    package func storedDraws(
        of sampling: SamplingID, prompts: Int, each: Int
    ) async throws(StoreError) -> [(prompt: Prompt, completion: String)] {
        try await database.with("read stored completions") { connection in
            let rows = try await connection.query(
                ReadingQueries.storedDraws,
                [
                    .int64(sampling.rawValue), .int64(Int64(each)), .int64(Int64(prompts * each)),
                ])
            return try rows.map { row -> (prompt: Prompt, completion: String) in
                let content = try JSONDecoder().decode(
                    PromptContent.self, from: Data(row.decode("content", as: String.self).utf8))
                let prompt = Prompt(
                    id: PromptID(try row.decode("id")), key: try row.decode("key"),
                    content: content, metadata: try row.decode("metadata"))
                return (prompt, try StoredText(row).text)
            }
        }
    }
}
