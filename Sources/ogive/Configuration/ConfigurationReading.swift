internal import SystemPackage

/// One pass over a configuration: collects every problem, so that all are reported together.
final class ConfigurationReading {
    /// The folder of the configuration file, to which relative paths belong.
    let folder: String
    /// Where values like `${NAME}` are looked up.
    let environment: [String: String]
    /// Whether absent sections are read too, to learn all keys.
    let collectsKeys: Bool
    /// What is wrong so far.
    private(set) var problems: [ConfigurationProblem] = []

    /// Begins a pass.
    init(folder: String, environment: [String: String], collectsKeys: Bool = false) {
        self.folder = folder
        self.environment = environment
        self.collectsKeys = collectsKeys
    }

    /// Notes a problem.
    func report(
        _ text: String, at place: SourcePlace, hint: String? = nil,
        kind: ConfigurationProblem.Kind = .value
    ) {
        problems.append(ConfigurationProblem(text: text, place: place, hint: hint, kind: kind))
    }

    /// Ends the pass: throws all problems, unknown keys first, each in the order of the file. A key
    /// that an unknown one probably means is not missing.
    func finish() throws(CommandError) {
        guard !problems.isEmpty else { return }
        let meant = Set(problems.compactMap(\.meant))
        let ordered = problems.filter { !$0.follows(from: meant) }.sorted {
            ($0.rank, $0.place.line ?? 0) < ($1.rank, $1.place.line ?? 0)
        }
        throw CommandError(
            .configuration, ordered.map(\.description).joined(separator: "\n"))
    }

    /// Makes `path` absolute: relative ones belong to the configuration's folder.
    func resolve(_ path: String) -> String {
        let whole = path.hasPrefix("/") || folder.isEmpty ? path : "\(folder)/\(path)"
        return FilePath(whole).lexicallyNormalized().string
    }
}

/// One thing that is wrong with a configuration, and where.
struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    /// What one problem may have to do with another.
    enum Kind: Hashable, Sendable {
        /// A value is wrong.
        case value
        /// One of these keys would have to be there.
        case missing([String])
        /// There is no such key; probably another one is meant.
        case unknown(meant: String?)
    }

    /// What is wrong and what to do, with the path of the key.
    var text: String
    /// Where it is wrong.
    var place: SourcePlace
    /// What to do, when that is worth a second half of the sentence.
    var hint: String?
    /// What it may have to do with others.
    var kind = Kind.value

    /// The key that an unknown one probably means.
    var meant: String? {
        if case .unknown(let meant) = kind { meant } else { nil }
    }

    /// Unknown keys come first: what is missing may follow from them.
    var rank: Int {
        if case .unknown = kind { 0 } else { 1 }
    }

    /// Whether it is solved when unknown keys become those that they mean.
    func follows(from meant: Set<String>) -> Bool {
        if case .missing(let keys) = kind { !meant.isDisjoint(with: keys) } else { false }
    }

    var description: String {
        guard let hint else { return "\(text) (\(place))" }
        return "\(text) (\(place)); \(hint)"
    }
}

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

/// Finds what was probably meant by a misspelt name.
enum NearestName {
    /// The known name with the smallest edit distance, if that is at most a third of the length
    /// (and at least 2); ties go to the first in order of name.
    static func find(_ name: String, among known: [String]) -> String? {
        let letters = Array(name.lowercased())
        let limit = max(2, letters.count / 3)
        return known.sorted()
            .map { (name: $0, distance: distance(letters, Array($0.lowercased()))) }
            .filter { $0.distance <= limit && $0.distance < $0.name.count }
            .min { $0.distance < $1.distance }?
            .name
    }

    /// The number of letters to insert, delete, replace or swap with their neighbour.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var older: [Int] = []
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let cost = left[row] == right[column] ? 0 : 1
                var best = min(
                    previous[column] + cost, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1],
                    left[row - 1] == right[column]
                {
                    best = min(best, older[column - 1] + 1)
                }
                current.append(best)
            }
            older = previous
            previous = current
        }
        return previous[right.count]
    }
}
