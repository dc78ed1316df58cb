internal import Postgres

/// How the prompts of a file differ from those of the set that is stored.
package struct PromptSetComparison: Hashable, Sendable {
    /// Prompts of the set.
    package var promptsInSet: Int
    /// Different prompts of the file.
    package var promptsInFile: Int
    /// Rows of the file whose key the set has with other content: an import refuses them.
    package var otherContent: KeptBack?
    /// Prompts of the set that the file does not have: a run takes them all the same.
    package var absent: KeptBack?
    /// Prompts of the file that the set does not have: an import adds them.
    package var added: KeptBack?
    /// Rows of the file with other metadata than the set has, which stay.
    package var otherMetadata: KeptBack?
    /// Prompts with candidates or pairs that the file does not bring, and which stay.
    package var otherCandidates: KeptBack?
    /// Candidates of the file that the set does not have: an import adds them.
    package var addedCandidates: KeptBack?

    /// Begins with no difference.
    package init(promptsInSet: Int, promptsInFile: Int) {
        self.promptsInSet = promptsInSet
        self.promptsInFile = promptsInFile
    }

    /// Whether an import would change nothing, and keep nothing back.
    package var isSame: Bool {
        [otherContent, absent, added, otherMetadata, otherCandidates, addedCandidates]
            .allSatisfy { $0 == nil }
    }
}

extension PostgresStore {
    /// Compares the prompts that `body` reads with the set of this name, and stores nothing; `nil`,
    /// without a call of `body`, when there is no such set. An error of `body` is passed on.
    ///
    /// Memory holds three batches; the rows wait in the database, in tables of this session alone.
    package func compare(
        set: String, _ body: (PromptImporter) async throws -> Void
    ) async throws -> PromptSetComparison? {
        var failure: (any Error)?
        do {
            return try await database.transaction("compare with \"\(set)\"") {
                connection -> PromptSetComparison? in
                let sets = try await connection.query(SubmitQueries.promptSet, [.string(set)])
                guard let id = try sets.first?.decode("id", as: Int64.self) else { return nil }
                let importer = PromptImporter(connection)
                try await importer.begin()
                do {
                    try await body(importer)
                } catch {
                    failure = error
                    throw error
                }
                return try await importer.compare(id: id)
            }
        } catch {
            throw failure ?? error
        }
    }
}

extension PromptImporter {
    /// Compares the rows that came with those of a set.
    fileprivate func compare(id: Int64) async throws -> PromptSetComparison {
        try await flush()
        try await connection.execute(ImportQueries.analyze)
        let size = try await connection.query(ImportQueries.size, [.int64(id)]).one()
        var found = PromptSetComparison(
            promptsInSet: try size.decode("has"), promptsInFile: try size.decode("came"))
        found.otherContent = try await keptBack(ComparisonQueries.otherContent, id: id)
        found.absent = try await keptBack(ComparisonQueries.absent, id: id)
        found.added = try await keptBack(ComparisonQueries.added, id: id)
        found.otherMetadata = try await keptBack(ComparisonQueries.otherMetadata, id: id)
        found.otherCandidates = try await keptBack(ImportQueries.otherCandidates, id: id)
        found.addedCandidates = try await keptBack(ComparisonQueries.addedCandidates, id: id)
        return found
    }
}

/// SQL that compares the rows of a file, which wait in the tables of an import, with set $1. Each
/// query answers with the first one's key and how many there are, or with nothing.
private enum ComparisonQueries {
    static let otherContent = """
        SELECT s.key, count(*) OVER () AS count
        FROM pg_temp.ogive_import_prompts s
        JOIN ogive.prompt_rows p ON p.prompt_set_id = $1 AND p.key = s.key
        WHERE p.content_sha256 <> s.content_sha256
        ORDER BY s.ordinal LIMIT 1
        """
    static let otherMetadata = """
        SELECT s.key, count(*) OVER () AS count
        FROM pg_temp.ogive_import_prompts s
        JOIN ogive.prompt_rows p ON p.prompt_set_id = $1 AND p.key = s.key
        WHERE p.metadata <> s.metadata
        ORDER BY s.ordinal LIMIT 1
        """
    static let added = """
        SELECT f.key, count(*) OVER () AS count
        FROM (
            SELECT DISTINCT ON (key) key, ordinal
            FROM pg_temp.ogive_import_prompts ORDER BY key, ordinal
        ) f
        WHERE NOT EXISTS (
            SELECT FROM ogive.prompt_rows p WHERE p.prompt_set_id = $1 AND p.key = f.key)
        ORDER BY f.ordinal LIMIT 1
        """
    static let absent = """
        SELECT p.key, count(*) OVER () AS count
        FROM ogive.prompt_rows p
        WHERE p.prompt_set_id = $1 AND NOT EXISTS (
            SELECT FROM pg_temp.ogive_import_prompts s WHERE s.key = p.key)
        ORDER BY p.id LIMIT 1
        """
    static let addedCandidates = """
        SELECT c.key, count(*) OVER () AS count
        FROM (
            SELECT p.key, min(s.ordinal) AS ordinal
            FROM pg_temp.ogive_import_candidates c
            JOIN pg_temp.ogive_import_prompts s ON s.ordinal = c.ordinal
            JOIN ogive.prompt_rows p ON p.prompt_set_id = $1 AND p.key = s.key
            WHERE NOT EXISTS (
                SELECT FROM ogive.candidate_rows o
                WHERE o.prompt_id = p.id AND o.label = c.label AND o.text = c.text)
            GROUP BY p.key, c.label, c.text
        ) c
        ORDER BY c.ordinal LIMIT 1
        """
}
