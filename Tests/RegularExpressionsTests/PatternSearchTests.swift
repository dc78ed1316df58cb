import RegularExpressions
import Testing

@Suite(.timeLimit(.minutes(10))) struct PatternSearchTests {
    private func first(_ pattern: String, _ subject: String) async throws -> String? {
        try await PatternSearch.shared().first(pattern, in: subject)
    }

    private func last(_ pattern: String, _ subject: String) async throws -> String? {
        try await PatternSearch.shared().last(pattern, in: subject)
    }

    @Test(arguments: [
        ("a", "cab", "a" as String?), (#"is (\w+)"#, "it is 18", "18"), ("x", "cab", nil),
        ("(x)?b", "cab", "b"), ("", "", ""), ("", "a", ""), ("a|(b)", "b", "b"),
        (#"(\d+)"#, "\0 12\0 3", "12"), (".", "é", "é"), (#"\w+"#, "«Größe»", "Größe"),
        ("(?i)straße", "STRASSE Straße", "Straße"), (#"(\w)\1"#, "hello", "l"),
        (#"(?<=\$)\d+"#, "$20", "20"), ("^b$", "a\nb\nc", nil), ("(?m)^b$", "a\nb\nc", "b"),
        ("a.c", "a\nc", nil), ("(?s)a.c", "a\nc", "a\nc"), (#"\Kb"#, "ab", "b"),
    ])
    func `The first match, or its first group`(
        _ pattern: String, _ subject: String, _ found: String?
    ) async throws {
        #expect(try await first(pattern, subject) == found)
    }

    @Test(arguments: [
        (#"(\d+)"#, "1 22 333", "333" as String?), ("a", "bbb", nil), ("", "añb", ""),
        ("a*", "ba", ""), (#"Grade: (\d+)"#, "Grade: 2 … Grade: 9!", "9"), (".", "日本", "本"),
    ])
    func `The last match, or its first group`(
        _ pattern: String, _ subject: String, _ found: String?
    ) async throws {
        #expect(try await last(pattern, subject) == found)
    }

    @Test(arguments: ["(", "[a", "a{2,1}", #"\p{Nothing}"#, "(?<=a+)b", #"\C"#, "(?P<1>a)"])
    func `What is no expression is refused by name and place`(_ pattern: String) async throws {
        #expect(PatternSearch.problem(of: pattern)?.contains("`\(pattern)`") == true)
        let error = await #expect(throws: PatternError.self) { try await first(pattern, "a") }
        #expect(error?.code == .invalid)
    }

    @Test func `A long expression is refused`() {
        #expect(PatternSearch.problem(of: String(repeating: "a", count: 65_537)) != nil)
        #expect(PatternSearch.problem(of: String(repeating: "(a{999}){999}", count: 99)) != nil)
    }

    /// Exponential, cubic and quadratic ones, and one that takes memory instead of steps.
    @Test(arguments: [
        "(a+)+[bc]", "(a*)*[bc]", "(a*),?(a*),?(a*)[bc]", "a*[bc]", "[\\s\\S]*?[bc]",
        "(?i)(a|aa)+$[bc]", "(a?){30}[bc]", "(?R)?a[bc]",
    ])
    func `A search that would not end gives up, and names the expression`(_ pattern: String)
        async throws
    {
        let text = String(repeating: "a", count: 1 << 20)
        for isLast in [false, true] {
            let error = await #expect(throws: PatternError.self) {
                try await isLast ? last(pattern, text) : first(pattern, text)
            }
            #expect(error?.code == .tooCostly)
            #expect(error?.message.contains(pattern) == true)
        }
        #expect(try await first("(a+)+b", "aab") == "aa")
    }

    @Test func `Common expressions pass through a mebibyte of prose`() async throws {
        let prose = String(repeating: "The answer is not here. ", count: 43_000)
        let text = prose + "The answer is 42\n"
        #expect(try await last(#"answer is (\w+)"#, text) == "42")
        #expect(try await first(#"(?m)^.*answer is (\d+)$"#, text) == "42")
        #expect(try await last(#"\\boxed\{([^}]*)\}"#, text) == nil)
    }

    @Test func `More expressions than are kept compiled`() async throws {
        for round in 0..<2 {
            for number in 0..<(PatternSearch.patternsMax + 8) {
                #expect(try await first("a\(number)b", "xa\(number)b") == "a\(number)b", "\(round)")
            }
        }
    }
}
