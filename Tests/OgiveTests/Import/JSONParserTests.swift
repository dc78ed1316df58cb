import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10)))
struct JSONParserTests {
    private func parse(_ text: String) throws(JSONParser.Problem) -> ExactJSON {
        try JSONParser.parse(Array(text.utf8))
    }

    @Test(arguments: [
        ("null", ExactJSON.null), (" true ", .bool(true)), ("-0.50e-3", .number("-0.50e-3")),
        (#""a\u00e9\ud83d\ude00\/\n""#, .string("aé😀/\n")), ("[ ]", .array([])),
        ("{ }", .object([:])), ("[1, [2]]", .array([.number("1"), .array([.number("2")])])),
        (#"{"a" : {"b" : []}}"#, .object(["a": .object(["b": .array([])])])),
    ])
    func readsValues(text: String, value: ExactJSON) throws {
        #expect(try parse(text) == value)
    }

    @Test(arguments: [
        "", "nul", "tru", "{", "[", "[1", "[1,", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
        "{a:1}",
        "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\n\"", "01", "-", "1.", ".5", "1e",
        "+1", "NaN", "Infinity", "1 2", "{} x", "'a'", "{\"a\":1,\"a\":2}", "[1 2]",
        "{\"a\":1 \"b\":2}", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\\u0000\"",
        String(repeating: "[", count: 200), "1e99999999999999999999", "1e5000",
        String(repeating: "9", count: 1001),
    ])
    func refusesEverythingElse(text: String) {
        #expect(throws: JSONParser.Problem.self) { _ = try parse(text) }
    }

    @Test func writesWhatItReads() throws {
        let text = #"{"a":[1.0,null,true],"b":"x\"\\\n\u001f","c":{}}"#
        #expect(try parse(text).json == text)
    }

    @Test func everyPrefixAndEveryFlippedByteIsReadOrRefusedWithoutATrap() {
        let text = Array(#"{"a":[1.5e3,null,true,"x\ud83d\ude00"],"b":{"c":-0}}"#.utf8)
        var refused = 0
        for length in 0..<text.count {
            if (try? JSONParser.parse(Array(text[..<length]))) == nil { refused += 1 }
        }
        #expect(refused == text.count)
        for index in text.indices {
            for bit in 0..<7 {
                var changed = text
                changed[index] ^= 1 << bit
                _ = try? JSONParser.parse(changed)
            }
        }
    }
}
