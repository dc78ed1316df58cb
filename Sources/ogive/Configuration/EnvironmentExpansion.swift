/// A text with its `${NAME}` replaced by the values of environment variables.
///
/// `$$` stands for one `$`; a `$` before any other character is an ordinary one.
struct EnvironmentExpansion: Hashable {
    /// Why a text cannot be expanded.
    struct Problem: Error, Hashable {
        /// What is wrong.
        var text: String
        /// What to do.
        var hint: String
    }

    /// The text after expansion.
    let text: String
    /// Whether there was any variable in it.
    let hasVariable: Bool

    /// Expands `source`.
    init(of source: String, in environment: [String: String]) throws(Problem) {
        var output = ""
        var found = false
        var rest = source[...]
        while let dollar = rest.firstIndex(of: "$") {
            output += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                output += "$"
                rest = rest.dropFirst()
            } else if rest.first == "{" {
                found = true
                output += try Self.value(after: &rest, in: environment)
            } else {
                output += "$"
            }
        }
        text = output + rest
        hasVariable = found
    }

    /// The name in a text that is exactly `${NAME}`; `nil` for every other text.
    static func soleVariable(in text: String) -> String? {
        guard text.hasPrefix("${"), text.hasSuffix("}") else { return nil }
        let name = text.dropFirst(2).dropLast()
        return isName(name) ? String(name) : nil
    }

    private static func value(
        after rest: inout Substring, in environment: [String: String]
    ) throws(Problem) -> String {
        guard let end = rest.firstIndex(of: "}") else {
            throw Problem(text: "`${` without `}`", hint: "write `$$` for a plain dollar sign")
        }
        let name = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        guard isName(name) else {
            throw Problem(
                text: "`${\(name)}` does not name an environment variable",
                hint: "write `$$` for a plain dollar sign")
        }
        guard let value = environment[String(name)] else {
            throw Problem(
                text: "the environment variable \(name) is not set",
                hint: "set it, or write the value in its place")
        }
        return value
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.first, !first.isNumber else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
