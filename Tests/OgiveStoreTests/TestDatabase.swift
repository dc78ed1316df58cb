import OgiveCore
import OgiveStore
import Postgres
import Testing

/// A database of one test, with what tests do again and again.
struct TestDatabase: Sendable {
    let configuration: PostgresConfiguration
    let store: PostgresStore

    /// Runs `body` with a new database, migrated unless `isEmpty`.
    static func with(
        isEmpty: Bool = false, _ body: (TestDatabase) async throws -> Void
    ) async throws {
        let server = try #require(PrivateServer.server)
        let name = "test_\(UInt64.random(in: 0 ... .max))"
        await Gate.shared.enter()
        defer { Gate.shared.leave() }
        let admin = try await PostgresConnection.connect(server)
        try await admin.execute(
            "CREATE DATABASE \(name) TEMPLATE \(isEmpty ? "ogive_empty" : "ogive_template")")
        var configuration = server
        configuration.database = name
        let store = PostgresStore(
            configuration, clock: WallClock { 1_700_000_000_000_000 })
        do {
            try await body(TestDatabase(configuration: configuration, store: store))
        } catch {
            await store.close()
            throw error
        }
        await store.close()
        try await admin.execute("DROP DATABASE \(name) WITH (FORCE)")
        await admin.close()
    }

    /// Runs one statement on a connection of its own.
    @discardableResult
    func query(
        _ sql: String, _ parameters: [PostgresValue] = []
    ) async throws -> PostgresRows {
        let connection = try await PostgresConnection.connect(configuration)
        do {
            let rows = try await connection.query(sql, parameters)
            await connection.close()
            return rows
        } catch {
            await connection.close()
            throw error
        }
    }

    /// The single value of a query.
    func value<T: PostgresDecodable>(
        _ sql: String, _ parameters: [PostgresValue] = [], as type: T.Type = T.self
    ) async throws -> T {
        try await query(sql, parameters).one().decode(0)
    }

    /// Imports `count` plain prompts with the keys p0, p1, …; those with `candidates` have two.
    func importPrompts(
        _ count: Int, set: String = "set", candidates: Bool = false
    ) async throws {
        _ = try await store.importPrompts(into: set) { importer in
            let prompts = (0..<count).map { number in
                ImportedPrompt(
                    key: "p\(number)", content: .text("Question \(number)?"),
                    metadata: "{\"number\": \(number)}",
                    candidates: candidates
                        ? [
                            ImportedCandidate(label: "chosen", text: "good \(number)"),
                            ImportedCandidate(label: "rejected", text: "bad \(number)"),
                        ] : [])
            }
            try await importer.add(prompts)
        }
    }

    /// Imports `prompts` prompts and submits a run over them.
    func run(
        prompts: Int, draws: Int, candidates: Bool = false, name: String = "run"
    ) async throws -> RunDescription {
        try await importPrompts(prompts, candidates: candidates)
        return try await store.submit(Self.spec(name, draws: draws)).run
    }

    /// A specification; other policies and scorers have other names.
    static func spec(
        _ name: String = "run", draws: Int, set: String = "set", policy: String = "policy",
        scorer: String = "scorer"
    ) -> RunSpec {
        let sampling = SamplingSpec(
            promptSet: set, policy: PolicySpec(kind: .openai, model: policy),
            parameters: SamplingParameters())
        let scoring = ScoringSpec(
            sampling: sampling, scorer: ScorerSpec(kind: .rerank, model: scorer))
        return RunSpec(name: name, scoring: scoring, draws: draws)
    }

    /// All pending items, page by page.
    func pending(
        _ run: RunDescription, limit: PageLimit = PageLimit(prompts: 100, items: 1000)
    ) async throws -> [PendingPrompt] {
        var all: [PendingPrompt] = []
        var cursor: PromptID?
        repeat {
            let page = try await store.pendingPage(of: run, after: cursor, limit: limit)
            all += page.prompts
            cursor = page.next
        } while cursor != nil
        return all
    }
}

extension TestDatabase {
    /// Runs `body` with the database through two logins that have the writer's role and nothing
    /// else.
    func withTwoLogins(
        _ body: (TestDatabase, TestDatabase) async throws -> Void
    ) async throws {
        var logins: [TestDatabase] = []
        var names: [String] = []
        for _ in 0..<2 {
            let name = "login_\(UInt32.random(in: 0 ... .max))"
            try await query("CREATE ROLE \(name) LOGIN IN ROLE ogive_writer")
            names.append(name)
            var configuration = configuration
            configuration["user"] = name
            logins.append(
                TestDatabase(configuration: configuration, store: PostgresStore(configuration)))
        }
        try await body(logins[0], logins[1])
        for login in logins { await login.store.close() }
        try await query(
            """
            SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """)
        for name in names { try await query("DROP ROLE \(name)") }
    }
}
