import Postgres
import Testing

extension WithServer {
    @Suite(.timeLimit(.minutes(10))) struct Copy {
        private static let copy = "COPY t (id, name, score, scores, meta, raw) "
        private static let table = """
            CREATE TABLE t (id bigint PRIMARY KEY, name text, score float8, scores float8[],
                meta jsonb, raw bytea)
            """

        private func rows(_ ids: Range<Int64>) throws(PostgresError) -> PostgresCopyBuffer {
            var buffer = PostgresCopyBuffer()
            for id in ids {
                try buffer.row(columns: 6) { (row) throws(PostgresError) in
                    row.append(id)
                    if id % 7 == 0 { row.appendNull() } else { try row.append("név \(id)") }
                    row.append(Double(id) / 3)
                    try row.append([Double(id), .infinity, .nan])
                    try row.append(jsonb: #"{"id": \#(id)}"#)
                    try row.append(bytes: [0, UInt8(id % 256)])
                }
            }
            return buffer
        }

        @Test func aHundredThousandRowsArriveAsTheyWere() async throws {
            try await PrivateServer.connection { db in
                try await db.execute(Self.table)
                let copied = try await db.copyIn(Self.copy + "FROM STDIN (FORMAT binary)") {
                    writer in
                    for start in stride(from: Int64(0), to: 100_000, by: 10_000) {
                        try await writer.write(try rows(start..<start + 10_000))
                    }
                }
                #expect(copied == 100_000)
                let row = try await db.query(
                    """
                    SELECT count(*) AS n, count(name) AS named, sum(id) AS ids,
                        bool_and(score = id::float8 / 3) AS same, bool_and(scores[1] = id) AS first,
                        bool_and((meta->>'id')::bigint = id) AS meta,
                        bool_and(get_byte(raw, 1) = id % 256) AS raw FROM t
                    """
                ).one()
                #expect(try row.decode("n", as: Int64.self) == 100_000)
                #expect(try row.decode("named", as: Int64.self) == 100_000 - 14_286)
                #expect(try row.decode("ids", as: Int64.self) == 4_999_950_000)
                for column in ["same", "first", "meta", "raw"] {
                    #expect(try row.decode(column, as: Bool.self), "\(column)")
                }
            }
        }

        @Test func aRefusedCopyLeavesTheConnectionUsable() async throws {
            try await PrivateServer.connection { db in
                try await db.execute(Self.table)
                try await db.copyIn(Self.copy + "FROM STDIN (FORMAT binary)", try rows(5000..<5001))
                let error = try await postgresError {
                    try await db.copyIn(Self.copy + "FROM STDIN (FORMAT binary)") { writer in
                        // Large enough that the refusal arrives while rows are being sent.
                        for start in stride(from: Int64(0), to: 200_000, by: 10_000) {
                            try await writer.write(try rows(start..<start + 10_000))
                        }
                    }
                }
                #expect(error.sqlState == "23505")
                #expect(error.context?.contains("COPY t") == true)
                #expect(try await db.query("SELECT * FROM t").count == 1)
            }
        }

        @Test func aThrowingWriterCopiesNothing() async throws {
            struct Stop: Error {}
            try await PrivateServer.connection { db in
                try await db.execute(Self.table)
                await #expect(throws: Stop.self) {
                    try await db.copyIn(Self.copy + "FROM STDIN (FORMAT binary)") { writer in
                        try await writer.write(try rows(0..<10))
                        throw Stop()
                    }
                }
                #expect(try await db.query("SELECT * FROM t").isEmpty)
            }
        }

        @Test func aWrongColumnTypeIsTheServersError() async throws {
            try await PrivateServer.connection { db in
                try await db.execute("CREATE TABLE u (x int)")
                var buffer = PostgresCopyBuffer()
                try buffer.row(columns: 1) { row in row.append(Int64(1)) }
                let error = try await postgresError {
                    try await db.copyIn("COPY u FROM STDIN (FORMAT binary)", buffer)
                }
                #expect(error.sqlState == "22P03")
                #expect(try await db.query("SELECT * FROM u").isEmpty)
            }
        }

        @Test func aRowWithANulByteOrAWrongCountIsTakenBack() async throws {
            var buffer = PostgresCopyBuffer()
            let empty = buffer.byteCount
            let nul = try await postgresError {
                try buffer.row(columns: 1) { (row) throws(PostgresError) in try row.append("\0") }
            }
            #expect(nul.code == .invalidParameter)
            let short = try await postgresError {
                try buffer.row(columns: 2) { row in row.append(true) }
            }
            #expect(short.code == .misuse)
            #expect(buffer.byteCount == empty)
            #expect(buffer.rowCount == 0)
        }

        @Test func copyInTakesPartInATransaction() async throws {
            struct Stop: Error {}
            try await PrivateServer.connection { db in
                try await db.execute(Self.table)
                await #expect(throws: Stop.self) {
                    try await db.transaction { tx in
                        try await tx.copyIn(
                            Self.copy + "FROM STDIN (FORMAT binary)", try rows(0..<10))
                        throw Stop()
                    }
                }
                #expect(try await db.query("SELECT * FROM t").isEmpty)
            }
        }

        @Test func whatIsCopiedOutCanBeCopiedIn() async throws {
            try await PrivateServer.connection { db in
                try await db.execute(Self.table)
                try await db.copyIn(
                    Self.copy + "FROM STDIN (FORMAT binary)", try rows(0..<20_000))
                var pieces: [[UInt8]] = []
                try await db.copyOut("COPY t TO STDOUT (FORMAT binary)") { pieces.append($0) }
                #expect(pieces.count > 5)
                try await db.execute("CREATE TABLE v (LIKE t)")
                let copied = try await db.copyIn("COPY v FROM STDIN (FORMAT binary)") { writer in
                    for piece in pieces { try await writer.write(raw: piece) }
                }
                #expect(copied == 20_000)
                let different = try await db.query("SELECT * FROM v EXCEPT SELECT * FROM t")
                #expect(different.isEmpty)
            }
        }

        @Test func textIsCopiedAsWell() async throws {
            try await PrivateServer.connection { db in
                try await db.execute("CREATE TABLE u (x int, y text)")
                try await db.copyIn("COPY u FROM STDIN") { writer in
                    try await writer.write(raw: Array("1\tone\n2\t\\N\n".utf8))
                }
                var text: [UInt8] = []
                try await db.copyOut("COPY (SELECT * FROM u ORDER BY x) TO STDOUT (FORMAT csv)") {
                    text += $0
                }
                #expect(String(decoding: text, as: UTF8.self) == "1,one\n2,\n")
            }
        }

        @Test func aReaderThatThrowsStopsTheCopy() async throws {
            struct Stop: Error {}
            try await PrivateServer.connection { db async throws in
                var pieces = 0
                await #expect(throws: Stop.self) {
                    try await db.copyOut(
                        "COPY (SELECT generate_series(1, 100000000)) TO STDOUT (FORMAT binary)"
                    ) { _ in
                        pieces += 1
                        if pieces == 3 { throw Stop() }
                    }
                }
                #expect(pieces == 3)
                #expect(try await db.query("SELECT 1").count == 1)
            }
        }

        @Test func aStatementThatIsNoCopyIsRefused() async throws {
            try await PrivateServer.connection { db in
                for sql in ["SELECT 1", "COPY (SELECT 1) TO STDOUT"] {
                    let error = try await postgresError {
                        try await db.copyIn(sql, PostgresCopyBuffer())
                    }
                    #expect(error.code == .misuse)
                }
                #expect(try await db.query("SELECT 1").count == 1)
            }
        }
    }
}
