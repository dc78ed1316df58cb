import Migrations
import OgiveCore
import OgiveStore
import Postgres
import Subprocess
import Testing

/// A schema with some functions and views of an earlier version.
private struct EarlierSchema {
    private var files: [String: String]

    init() {
        files = Dictionary(uniqueKeysWithValues: SchemaFile.all.map { ($0.path, $0.text) })
    }

    /// Replaces a text in a file.
    mutating func replace(_ old: String, _ new: String, in path: String) throws {
        let text = try #require(files[path])
        let parts = text.split(separator: old, omittingEmptySubsequences: false)
        try #require(parts.count > 1, "\(path) does not hold \(old)")
        files[path] = parts.joined(separator: new)
    }

    /// Takes a line that begins with a text, and those to the end of its statement, from a file.
    mutating func removeStatement(_ start: String, in path: String) throws {
        let text = try #require(files[path])
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let first = try #require(lines.firstIndex { $0.hasPrefix(start) })
        let last = try #require(lines[first...].firstIndex { $0.hasSuffix(";") })
        files[path] = (lines[..<first] + lines[(last + 1)...]).joined(separator: "\n")
    }

    /// Adds to a file, or makes one; `nil` removes it.
    mutating func add(_ text: String?, to path: String) {
        files[path] = text.map { (files[path] ?? "") + $0 }
    }

    var definition: SchemaDefinition {
        SchemaDefinition(files.map { SchemaFile(path: $0.key, text: $0.value) })
    }

    /// Without the last column of `worker_status`.
    static func withoutColumn() throws -> EarlierSchema {
        var schema = EarlierSchema()
        let path = "views/worker_status.sql"
        try schema.replace(", w.load -> 'slot_seconds' AS slot_seconds", "", in: path)
        try schema.removeStatement("COMMENT ON COLUMN ogive.worker_status.slot_seconds", in: path)
        return schema
    }

    /// With all that an update has to deal with.
    static func different() throws -> EarlierSchema {
        var schema = try withoutColumn()
        // Columns and results that cannot be replaced.
        try schema.replace(
            "l.since,", "l.since::date AS since,", in: "views/coordinator_status.sql")
        try schema.replace(
            "RETURNS float8", "RETURNS numeric", in: "functions/effective_count.sql")
        // A view of Ogive's own on one that cannot be replaced, and on one that goes.
        schema.add(
            """
            CREATE OR REPLACE VIEW ogive.former_view AS
            SELECT c.since, ogive.former(1) AS one FROM ogive.coordinator_status c;
            COMMENT ON VIEW ogive.former_view IS 'Of an earlier version.';
            """, to: "views/former_view.sql")
        schema.add(
            """
            CREATE OR REPLACE FUNCTION ogive.former(x integer) RETURNS integer
            LANGUAGE sql IMMUTABLE AS 'SELECT x';
            COMMENT ON FUNCTION ogive.former(integer) IS 'Of an earlier version.';
            """, to: "functions/former.sql")
        try schema.replace(
            "WHERE r.min_draws IS NOT NULL", "WHERE r.min_draws > ogive.former(0)",
            in: "views/adaptive_runs.sql")
        // Other parameters, a right that is granted no more, other text.
        schema.add(
            """
            CREATE OR REPLACE FUNCTION ogive.quantile(rewards float8[], p float8, q float8)
            RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT p';
            COMMENT ON FUNCTION ogive.quantile(float8[], float8, float8) IS 'Earlier.';
            GRANT EXECUTE ON FUNCTION ogive.quantile(float8[], float8) TO PUBLIC;
            """, to: "functions/quantile.sql")
        try schema.replace("'Raw reward.'", "'Reward.'", in: "views/scored_completions.sql")
        schema.add(nil, to: "views/stored_data.sql")
        return schema
    }
}

extension StoreTests {
    @Suite("an update of the schema", .timeLimit(.minutes(10)))
    struct SchemaUpdateTests {
        /// What pg_dump makes of the schema, as lines.
        private static func dump(_ configuration: PostgresConfiguration) async throws -> [String] {
            var environment: [Environment.Key: String?] = [:]
            for (name, value) in configuration.environment {
                if let key = Environment.Key(rawValue: name) { environment[key] = value }
            }
            let result = try await Subprocess.run(
                .name("pg_dump"), arguments: ["--schema-only"],
                environment: .inherit.updating(environment), output: .string(limit: 1 << 24),
                error: .string(limit: 1 << 16))
            try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
            // A random word of each dump.
            return result.standardOutput.split(separator: "\n").map(String.init)
                .filter { !$0.hasPrefix("\\restrict") && !$0.hasPrefix("\\unrestrict") }
        }

        private static func fresh() async throws -> [String] {
            var lines: [String] = []
            try await TestDatabase.with { lines = try await dump($0.configuration) }
            return lines
        }

        /// Runs `body` with a database that has another version's schema.
        private static func with(
            _ schema: EarlierSchema, _ body: (TestDatabase) async throws -> Void
        ) async throws {
            try await TestDatabase.with(isEmpty: true) { database in
                try await Migrator(database.configuration, definition: schema.definition).up()
                try await body(database)
            }
        }

        @Test("gives the very schema that a new database has")
        func equalsFresh() async throws {
            let fresh = try await Self.fresh()
            #expect(fresh.count > 5000)
            try await Self.with(.different()) { database in
                let migrator = Migrator(database.configuration)
                #expect(try await Self.dump(database.configuration) != fresh)
                let status = try await migrator.status()
                #expect(
                    status.changedObjects == [
                        "functions/effective_count.sql", "functions/former.sql",
                        "functions/quantile.sql", "views/adaptive_runs.sql",
                        "views/coordinator_status.sql", "views/former_view.sql",
                        "views/scored_completions.sql", "views/stored_data.sql",
                        "views/worker_status.sql",
                    ])
                await #expect { try await migrator.check() } throws: { error in
                    (error as? StoreError)?.message.contains("9 differ") == true
                }
                try await migrator.up()
                try await migrator.check()
                let lines = try await Self.dump(database.configuration)
                #expect(lines.difference(from: fresh).isEmpty)
            }
        }

        @Test("keeps a user's view where a column is added at the end")
        func keepsViews() async throws {
            try await Self.with(.withoutColumn()) { database in
                try await database.query(
                    "CREATE VIEW public.mine AS SELECT * FROM ogive.worker_status")
                try await database.query("GRANT SELECT ON ogive.worker_status TO pg_monitor")
                try await Migrator(database.configuration).up()
                let count: Int = try await database.value("SELECT count(*) FROM public.mine")
                #expect(count == 0)
                let isGranted: Bool = try await database.value(
                    "SELECT has_table_privilege('pg_monitor', 'ogive.worker_status', 'SELECT')")
                #expect(isGranted)
            }
        }

        @Test("keeps what was granted on a view that is made anew")
        func keepsGrants() async throws {
            try await Self.with(.different()) { database in
                try await database.query(
                    "GRANT SELECT ON ogive.coordinator_status TO pg_monitor WITH GRANT OPTION")
                try await Migrator(database.configuration).up()
                let isGranted: Bool = try await database.value(
                    """
                    SELECT has_table_privilege(
                        'pg_monitor', 'ogive.coordinator_status', 'SELECT WITH GRANT OPTION')
                    """)
                #expect(isGranted)
                let isPublic: Bool = try await database.value(
                    "SELECT has_table_privilege('public', 'ogive.coordinator_status', 'SELECT')")
                #expect(!isPublic)
            }
        }

        @Test("names a user's view that is in the way, and changes nothing")
        func refusesColumns() async throws {
            try await TestDatabase.with { database in
                try await database.query(
                    "CREATE VIEW public.mine AS SELECT worker FROM ogive.worker_status")
                let before = try await Self.dump(database.configuration)
                let migrator = Migrator(
                    database.configuration, definition: try EarlierSchema.withoutColumn().definition
                )
                await #expect { try await migrator.up() } throws: { error in
                    let error = error as? StoreError
                    return error?.code == .schema
                        && error?.message.hasPrefix("Cannot update ogive.worker_status: view ")
                            == true
                        && error?.message.contains("public.mine depends on it") == true
                        && error?.message.contains("cannot drop columns from view") == true
                }
                #expect(try await Self.dump(database.configuration) == before)
                try await database.query("DROP VIEW public.mine")
                try await migrator.up()
                try await migrator.check()
            }
        }

        @Test("names what uses a function that no file defines any more")
        func refusesFunctions() async throws {
            var schema = EarlierSchema()
            schema.add(nil, to: "functions/majority_preference.sql")
            let definition = schema.definition
            try await TestDatabase.with { database in
                try await database.query(
                    """
                    CREATE TABLE public.votes (a float8, b float8,
                        p float8 GENERATED ALWAYS AS (ogive.majority_preference(3, a, b)) STORED)
                    """)
                let migrator = Migrator(database.configuration, definition: definition)
                await #expect { try await migrator.up() } throws: { error in
                    (error as? StoreError)?.message.contains("column p of table public.votes")
                        == true
                }
                try await Migrator(database.configuration).check()
            }
        }

        @Test("is not taken back by an older program")
        func staysNew() async throws {
            let older = try EarlierSchema.withoutColumn().definition
            try await TestDatabase.with(isEmpty: true) { database in
                let configuration = database.configuration
                try await Migrator(configuration, program: "0.10.0").up()
                let migrator = Migrator(configuration, definition: older, program: "0.9.1")
                for call in [migrator.check, { _ = try await migrator.up() }] {
                    await #expect { try await call() } throws: { error in
                        (error as? StoreError)?.message.contains(
                            "functions and views of ogive 0.10.0. Update ogive.") == true
                    }
                }
                // The same ones are as good.
                try await Migrator(configuration, program: "0.9.1").check()
                try await Migrator(configuration, definition: older, program: "0.10.1").up()
                try await Migrator(configuration, definition: older, program: "0.9.1").check()
            }
        }

        @Test("leaves alone what a user made in the schema")
        func keepsWhatIsForeign() async throws {
            try await Self.with(.withoutColumn()) { database in
                try await database.query("CREATE VIEW ogive.mine AS SELECT 1 AS one")
                try await Migrator(database.configuration).up()
                let one: Int = try await database.value("SELECT one FROM ogive.mine")
                #expect(one == 1)
            }
        }

        @Test("that fails names the file, and leaves the former schema")
        func failsWhole() async throws {
            var schema = EarlierSchema()
            try schema.replace(
                "FROM ogive.workers w", "FROM ogive.werkers w",
                in: "views/worker_status.sql")
            try schema.replace("'Raw reward.'", "'Reward.'", in: "views/scored_completions.sql")
            let definition = schema.definition
            try await TestDatabase.with { database in
                let migrator = Migrator(database.configuration, definition: definition)
                await #expect { try await migrator.up() } throws: { error in
                    let message = (error as? StoreError)?.message
                    return message?.contains("views/worker_status.sql: ") == true
                        && message?.contains("ogive.werkers") == true
                }
                try await Migrator(database.configuration).check()
            }
        }

        @Test("applies later versions of the tables in their order, before functions and views")
        func laterTables() async throws {
            var schema = EarlierSchema()
            schema.add("ALTER TABLE ogive.workers ADD COLUMN gpu text;", to: "tables/0002_gpu.sql")
            schema.add(
                "ALTER TABLE ogive.workers RENAME COLUMN gpu TO device;", to: "tables/0003_b.sql")
            try schema.replace(
                "w.outages AS unavailable_endpoints",
                "w.outages AS unavailable_endpoints, w.device",
                in: "views/worker_status.sql")
            let definition = schema.definition
            try await TestDatabase.with { database in
                let migrator = Migrator(database.configuration, definition: definition)
                #expect(try await migrator.up().pending.map(\.number) == [2, 3])
                try await database.query("SELECT device FROM ogive.worker_status")
                let owner: String = try await database.value(
                    "SELECT name FROM ogive.migrations WHERE number = 3")
                #expect(owner == "b")
                await #expect { try await Migrator(database.configuration).check() } throws: {
                    ($0 as? StoreError)?.message.contains("0002_gpu, 0003_b. Update ogive") == true
                }
            }
        }
    }
}
