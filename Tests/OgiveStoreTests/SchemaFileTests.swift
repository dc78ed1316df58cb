import Foundation
import Migrations
import Postgres
import Testing

/// What the files of `migrations` must be, and what the comments in them give.
extension StoreTests {
    @Suite("the files of the schema", .timeLimit(.minutes(10)))
    struct SchemaFileTests {
        private static let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        private let current = SchemaDefinition.current

        @Test("are all embedded: else run migrations/list")
        func embedsFiles() throws {
            let folder = Self.root.appending(path: "migrations")
            var paths: [String] = []
            for kind in ["tables", "functions", "views"] {
                let names = try FileManager.default.subpathsOfDirectory(
                    atPath: folder.appending(path: kind).path)
                paths += names.filter { $0.hasSuffix(".sql") }.map { "\(kind)/\($0)" }
            }
            #expect(SchemaFile.all.map(\.path).sorted() == paths.sorted())
            for file in SchemaFile.all {
                let text = try String(
                    contentsOf: folder.appending(path: file.path), encoding: .utf8)
                #expect(file.text == text, "\(file.path) is another file's text")
            }
        }

        @Test("of tables are numbered from 1 without gaps")
        func numbersTables() {
            #expect(current.tables.map(\.number) == Array(1...current.tables.count))
        }

        @Test("are each of one kind")
        func areOfOneKind() {
            #expect(current.tables.count + current.objects.count == SchemaFile.all.count)
        }

        @Test("define the functions and views of a database, each in the one file of its name")
        func defineEachOnce() async throws {
            let defined = current.objects.flatMap(\.objects)
            #expect(defined.count == Set(defined).count)
            for file in current.objects {
                #expect(!file.objects.isEmpty, "\(file.file.path) defines nothing")
                for object in file.objects {
                    #expect(object.prefix { $0 != "(" } == file.name, "\(file.file.path)")
                }
                // The statements are those that the comments name.
                let count = file.file.text.split(separator: "CREATE OR REPLACE ").count - 1
                let first = file.file.text.hasPrefix("CREATE OR REPLACE ") ? 1 : 0
                #expect(count + first == file.objects.count, "\(file.file.path)")
            }
            try await TestDatabase.with { database in
                let undefined = try await database.query(
                    """
                    SELECT x.name FROM (
                        SELECT p.oid::bigint, p.oid::regprocedure::text AS name FROM pg_proc p
                        WHERE p.pronamespace IN (
                            'ogive'::regnamespace, 'ogive_internal'::regnamespace)
                        UNION ALL
                        SELECT c.oid::bigint, c.oid::regclass::text FROM pg_class c
                        WHERE c.relkind = 'v' AND c.relnamespace IN (
                            'ogive'::regnamespace, 'ogive_internal'::regnamespace)) x
                    WHERE x.oid <> ALL (ARRAY(
                        SELECT CASE WHEN u.name LIKE '%(%' THEN u.name::regprocedure::oid
                            ELSE u.name::regclass::oid END::bigint FROM unnest($1::text[]) u(name)))
                    """, [.stringArray(defined)]
                ).map { try $0.decode("name", as: String.self) }
                #expect(undefined == [])
            }
        }

        @Test("come after the files that they use")
        func areInOrder() {
            let names = Set(current.objects.map(\.name))
            var seen: Set<String> = []
            for file in current.objects {
                let missing = file.references.intersection(names).subtracting(seen)
                #expect(missing.subtracting([file.name]) == [], "\(file.file.path)")
                seen.insert(file.name)
            }
            #expect(current.objects.contains { $0.references.contains("ogive.run_completions") })
        }

        @Test("name what they use outside of comments only")
        func findReferences() throws {
            let file = try #require(
                ObjectFile(
                    SchemaFile(
                        path: "views/internal/a.sql",
                        text: """
                            -- As ogive.remark has it.
                            CREATE OR REPLACE VIEW ogive_internal.a AS
                            SELECT ogive.f(t.x) AS x FROM ogive.t t; -- not ogive.end

                            COMMENT ON VIEW ogive_internal.a IS
                                'See ogive.said, '
                                'and ogive.also.';
                            GRANT SELECT ON ogive_internal.a TO ogive_reader;
                            """)))
            #expect(file.name == "ogive_internal.a" && file.objects == ["ogive_internal.a"])
            #expect(file.references == ["ogive_internal.a", "ogive.f", "ogive.t"])
        }

        @Test("comment every table, view, column and function")
        func haveComments() async throws {
            try await TestDatabase.with { database in
                let uncommented = try await database.query(
                    """
                    SELECT c.oid::regclass || coalesce('.' || a.attname, '') AS name
                    FROM pg_class c
                    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                        AND NOT a.attisdropped
                    WHERE c.relnamespace IN (
                            'ogive'::regnamespace, 'ogive_internal'::regnamespace)
                        AND c.relkind IN ('r', 'p', 'v')
                        AND (obj_description(c.oid, 'pg_class') IS NULL
                            OR col_description(c.oid, a.attnum) IS NULL)
                    UNION ALL
                    SELECT p.oid::regprocedure::text FROM pg_proc p
                    WHERE p.pronamespace IN (
                            'ogive'::regnamespace, 'ogive_internal'::regnamespace)
                        AND obj_description(p.oid, 'pg_proc') IS NULL
                    """
                ).map { try $0.decode("name", as: String.self) }
                #expect(uncommented == [])
            }
        }

        @Test("are what the page SQL says: else run deploy/reference-sql")
        func areDocumented() async throws {
            let sql = try String(
                contentsOf: Self.root.appending(path: "migrations/reference.sql"), encoding: .utf8)
            let page = try String(
                contentsOf: Self.root.appending(path: "Sources/ogive/Documentation.docc/SQL.md"),
                encoding: .utf8)
            try await TestDatabase.with { database in
                let text: String = try await database.value(sql)
                let lines = text.split(separator: "\n")
                #expect(lines.count > 500)
                for (line, documented) in zip(lines, page.split(separator: "\n")) {
                    #expect(line == documented)
                    if line != documented { return }
                }
                #expect(text + "\n" == page)
            }
        }
    }
}
