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

    @Test func aSignThatEndsAPlainRunIsFoundAtEachPlace() throws {
        for length in 0...20 {
            for place in 0..<max(1, length) {
                for sign in ["\"", "\\", "\n", "é", "\u{7f}", " ", "!", "#"] {
                    var text = String(repeating: "x", count: length)
                    text.insert(
                        contentsOf: sign, at: text.index(text.startIndex, offsetBy: place))
                    #expect(try parse(ExactJSON.string(text).json) == .string(text))
                    guard sign == "\n" else { continue }
                    #expect(throws: JSONParser.Problem.self) { _ = try parse("\"\(text)\"") }
                }
            }
        }
    }

    @Test func objectsKeepTheirOrderHoweverManyFieldsTheyHave() throws {
        for size in [1, 15, 16, 17, 40] {
            let names = (0..<size).map { "f\($0 * 7 % 41)" }
            let text = "{" + names.map { "\"\($0)\":\"\($0)\"" }.joined(separator: ",") + "}"
            var fields = try #require(try parse(text).fields)
            #expect(ExactJSON.object(fields).jsonInOrder == text)
            #expect(fields.names == names.sorted())
            for name in names { #expect(fields[name] == .string(name)) }
            #expect(fields["none"] == nil && !fields.isEmpty)
            // What is taken out and put back has its place again, and the last one as well.
            let taken = fields.remove(names[0])
            let first = try #require(taken)
            #expect(fields[names[0]] == nil && fields.names.count == size - 1)
            fields[names[0]] = first
            #expect(ExactJSON.object(fields).jsonInOrder == text)
            let other = try #require(
                try parse(
                    "{" + names.reversed().map { "\"\($0)\":\"\($0)\"" }.joined(separator: ",")
                        + "}"
                ).fields)
            #expect(fields == other && fields.hashValue == other.hashValue)
            for name in names { _ = fields.remove(name) }
            #expect(fields.isEmpty && fields.names.isEmpty && fields == JSONFields())
            fields["again"] = .null
            #expect(ExactJSON.object(fields).jsonInOrder == #"{"again":null}"#)
        }
        #expect(throws: JSONParser.Problem.self) {
            let many = (0..<40).map { "\"f\($0)\":1" }.joined(separator: ",")
            _ = try parse("{\(many),\"f3\":1}")
        }
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
