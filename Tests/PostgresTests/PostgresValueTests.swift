import Postgres
import Testing

extension WithServer {
    @Suite(.timeLimit(.minutes(10))) struct Values {
        @Test func scalarsSurviveTheRoundTrip() async throws {
            try await PrivateServer.connection { db in
                let row = try await db.query(
                    """
                    SELECT $1::bool AS b, $2::int2 AS s, $3::int4 AS i, $4::int8 AS l,
                        $5::float8 AS d, $6::text AS t, $7::bytea AS y, $8::jsonb AS j
                    """,
                    [
                        .bool(true), .int16(.min), .int32(.min), .int64(.min),
                        .double(0.1), .string("naïve 漢字 🧮 'q' \\ \n"), .bytes([0, 1, 255]),
                        .json(#"{"a": [1, "x"]}"#),
                    ]
                ).one()
                #expect(try row.decode("b", as: Bool.self))
                #expect(try row.decode("s", as: Int16.self) == .min)
                #expect(try row.decode("i", as: Int32.self) == .min)
                #expect(try row.decode("l", as: Int64.self) == .min)
                #expect(try row.decode("d", as: Double.self) == 0.1)
                #expect(try row.decode("t", as: String.self) == "naïve 漢字 🧮 'q' \\ \n")
                #expect(try row.decode("y", as: [UInt8].self) == [0, 1, 255])
                #expect(try row.decode("j", as: String.self) == #"{"a": [1, "x"]}"#)
            }
        }

        @Test(arguments: [
            0, -0.0, .nan, .infinity, -.infinity, .greatestFiniteMagnitude,
            .leastNonzeroMagnitude, 1.0 / 3,
        ])
        func doublesSurviveTheRoundTrip(value: Double) async throws {
            try await PrivateServer.connection { db in
                let row = try await db.query(
                    "SELECT $1::float8, $2::float8[]", [.double(value), .doubleArray([value])]
                ).one()
                let single: Double = try row.decode(0)
                let array: [Double] = try row.decode(1)
                #expect(single.isNaN == value.isNaN)
                #expect(value.isNaN || single == value)
                #expect(single.sign == value.sign)
                #expect(array.count == 1)
                #expect(value.isNaN || array == [value])
            }
        }

        @Test("values become the JSON that the server makes of them")
        func becomeJSON() async throws {
            let texts =
                (1...31).map { String(UnicodeScalar(UInt8($0))) } + [
                    "", "a", "\"", "\\", "naïve 漢字 🧮", "\u{7f}\u{80}", "end\n",
                    String(repeating: "plain text ", count: 40) + "\t" + "tail",
                ]
            let floats: [Double] = [
                0, -0.0, 1, -2, 0.1, 1e14, 1e15, -1e15, 999_999_999_999_999, 1e300,
                .leastNonzeroMagnitude,
                1.0 / 3, .nan, .infinity, -.infinity,
            ]
            try await PrivateServer.connection { db in
                let rows = try await db.query(
                    """
                    SELECT t, to_json(t)::text, d, CASE WHEN abs(d) < 1e15 AND d = trunc(d)
                            THEN d::text || '.0'
                        WHEN abs(d) < 'Infinity' THEN d::text ELSE 'null' END,
                        b, to_json(b)::text, coalesce(i::text, 'null') AS i
                    FROM unnest($1::text[], $2::float8[], ARRAY[true, false, NULL],
                        ARRAY[1, -2, NULL]) u(t, d, b, i)
                    """, [.stringArray(texts), .doubleArray(floats)])
                #expect(rows.count == texts.count)
                for (index, row) in rows.enumerated() {
                    for (column, form) in [
                        (0, PostgresJSONForm.text), (2, .float), (4, .boolean), (6, .asIs),
                    ] {
                        var bytes: [UInt8] = []
                        rows.appendJSON(row: index, column: column, as: form, to: &bytes)
                        let expected =
                            try row.decode(form == .asIs ? column : column + 1, as: String?.self)
                            ?? "null"
                        #expect(String(decoding: bytes, as: UTF8.self) == expected)
                    }
                }
            }
        }

        @Test func arraysSurviveTheRoundTrip() async throws {
            let texts = ["", "a b", "NULL", "null", "\"", "\\", ",", "{}", "é", "\n"]
            try await PrivateServer.connection { db in
                let row = try await db.query(
                    "SELECT $1::int4[] AS i, $2::int8[] AS l, $3::text[] AS t, $4::float8[] AS e",
                    [
                        .int32Array([1, -2, .max]), .int64Array([.min, .max]),
                        .stringArray(texts), .doubleArray([]),
                    ]
                ).one()
                #expect(try row.decode("i", as: [Int32].self) == [1, -2, .max])
                #expect(try row.decode("l", as: [Int64].self) == [.min, .max])
                #expect(try row.decode("t", as: [String].self) == texts)
                #expect(try row.decode("e", as: [Double].self) == [])
            }
        }

        @Test func emptyIsNotNull() async throws {
            try await PrivateServer.connection { db in
                let row = try await db.query(
                    "SELECT $1::text AS t, $2::bytea AS b, $3::int8 AS n",
                    [.string(""), .bytes([]), .null]
                ).one()
                #expect(try row.decode("t", as: String?.self) == "")
                #expect(try row.decode("b", as: [UInt8]?.self) == [])
                #expect(try row.decode("n", as: Int64?.self) == nil)
                #expect(try row.isNull("n"))
                let error = try await postgresError {
                    _ = try row.decode("n", as: Int64.self)
                }
                #expect(error.code == .decoding)
                #expect(error.message.contains("\"n\" is NULL"))
            }
        }

        @Test(arguments: [
            PostgresValue.string("a\0b"), .json("\"\0\""), .stringArray(["ok", "\0"]),
        ])
        func nulBytesAreRefusedBeforeSending(value: PostgresValue) async throws {
            try await PrivateServer.connection { db in
                let error = try await postgresError {
                    try await db.execute("SELECT $1", [value])
                }
                #expect(error.code == .invalidParameter)
                #expect(error.message.contains("$1"))
                #expect(error.message.contains("NUL"))
                #expect(try await db.query("SELECT 1").count == 1)
            }
        }

        @Test func decodingTheWrongTypeSaysColumnTypeAndText() async throws {
            try await PrivateServer.connection { db in
                let row = try await db.query("SELECT 'abc' AS x, 99999 AS big, '{1,NULL}' AS a")
                    .one()
                let wrong = try await postgresError { _ = try row.decode("x", as: Int64.self) }
                #expect(wrong.message.contains("\"x\""))
                #expect(wrong.message.contains("abc"))
                let large = try await postgresError { _ = try row.decode("big", as: Int16.self) }
                #expect(large.code == .decoding)
                let null = try await postgresError { _ = try row.decode("a", as: [Int32].self) }
                #expect(null.code == .decoding)
                let missing = try await postgresError { _ = try row.decode("y", as: Bool.self) }
                #expect(missing.message.contains("x, big, a"))
                let outside = try await postgresError { _ = try row.decode(7, as: Bool.self) }
                #expect(outside.code == .decoding)
            }
        }

        @Test func numericSumsDecodeAsIntegersAndDoubles() async throws {
            try await PrivateServer.connection { db in
                let row = try await db.query(
                    "SELECT sum(x) AS s, avg(x) AS a FROM generate_series(1, 4::bigint) x"
                ).one()
                #expect(try row.decode("s", as: Int64.self) == 10)
                #expect(try row.decode("a", as: Double.self) == 2.5)
            }
        }
    }
}
