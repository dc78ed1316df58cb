internal import Yams

/// Turns YAML text into nodes with places.
enum YAMLDocument {
    /// Most nodes of a document: aliases cannot blow it up.
    private static let nodesMax = 100_000

    /// Parses one document; `firstPlace` names the source, and has no line where lines mean
    /// nothing. Throws `.configuration` with the line of a syntax error.
    static func parse(
        _ text: String, source: String, hasLines: Bool = true
    ) throws(CommandError) -> ConfigurationNode {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw CommandError(
                .configuration,
                tabMessage(error, text, source: source, hasLines: hasLines)
                    ?? describe(error, source: source, hasLines: hasLines))
        } catch {
            throw CommandError(.configuration, "\(source): \(error)")
        }
        let place = SourcePlace(source: source, line: hasLines ? 1 : nil)
        guard let root else { return ConfigurationNode(value: .null, place: place) }
        var converter = Converter(source: source, hasLines: hasLines, budget: nodesMax)
        return try converter.convert(root)
    }

    /// What to say when a tab indents the line of an error: what YAML makes of it explains nothing.
    private static func tabMessage(
        _ error: YamlError, _ text: String, source: String, hasLines: Bool
    ) -> String? {
        guard case .scanner(_, _, let mark, _) = error else { return nil }
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard lines.indices.contains(mark.line - 1),
            lines[mark.line - 1].prefix(while: { $0 == " " || $0 == "\t" }).contains("\t")
        else { return nil }
        let place = SourcePlace(source: source, line: hasLines ? mark.line : nil)
        return "not valid YAML: a tab indents this line, and YAML wants spaces (\(place)); "
            + "put spaces in place of each tab"
    }

    private static func describe(_ error: YamlError, source: String, hasLines: Bool) -> String {
        func at(_ mark: Mark) -> SourcePlace {
            SourcePlace(source: source, line: hasLines ? mark.line : nil)
        }
        switch error {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let prefix = context.map { "\($0.text): " } ?? ""
            return "not valid YAML: \(prefix)\(problem) (\(at(mark)), column \(mark.column))"
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.sorted().map { "`\($0)`" }.joined(separator: ", ")
            return "the key \(names) is given twice (in the mapping at \(at(context.mark)))"
        case .reader(let problem, _, _, _):
            return "not valid YAML: \(problem) (\(source))"
        default:
            return "not valid YAML: \(error) (\(source))"
        }
    }

    private struct Converter {
        let source: String
        let hasLines: Bool
        var budget: Int

        mutating func convert(_ node: Node) throws(CommandError) -> ConfigurationNode {
            let place = SourcePlace(source: source, line: hasLines ? node.mark?.line : nil)
            budget -= 1
            guard budget >= 0 else {
                throw CommandError(.configuration, "too many values (\(place))")
            }
            switch node {
            case .scalar(let scalar):
                let isPlain = scalar.style == .plain || scalar.style == .any
                if isPlain, ["", "~", "null"].contains(scalar.string) {
                    return ConfigurationNode(value: .null, place: place)
                }
                return ConfigurationNode(
                    value: .scalar(scalar.string, isQuoted: !isPlain), place: place)
            case .sequence(let items):
                var list: [ConfigurationNode] = []
                for item in items { list.append(try convert(item)) }
                return ConfigurationNode(value: .list(list), place: place)
            case .mapping(let mapping):
                return ConfigurationNode(value: .mapping(try entries(mapping)), place: place)
            case .alias:
                throw CommandError(.configuration, "an alias without its anchor (\(place))")
            }
        }

        private mutating func entries(
            _ mapping: Node.Mapping
        ) throws(CommandError) -> [ConfigurationNode.Entry] {
            var entries: [ConfigurationNode.Entry] = []
            for (key, value) in mapping {
                let place = SourcePlace(source: source, line: hasLines ? key.mark?.line : nil)
                guard case .scalar(let name) = key else {
                    throw CommandError(.configuration, "a key must be a plain word (\(place))")
                }
                entries.append(
                    ConfigurationNode.Entry(
                        key: name.string, place: place, node: try convert(value)))
            }
            return entries
        }
    }
}

/// A value of a configuration file together with its place.
struct ConfigurationNode: Hashable, Sendable {
    /// The shapes that YAML knows.
    enum Value: Hashable, Sendable {
        /// Nothing, `~` or `null`.
        case null
        /// A text, number or truth value as written; `isQuoted` when it stood in quotes.
        case scalar(String, isQuoted: Bool)
        /// A sequence.
        case list([ConfigurationNode])
        /// A mapping, in the order of the file.
        case mapping([Entry])
    }

    /// One key of a mapping and its value.
    struct Entry: Hashable, Sendable {
        /// The key.
        var key: String
        /// Where the key stands.
        var place: SourcePlace
        /// The value.
        var node: ConfigurationNode
    }

    /// The value.
    var value: Value
    /// Where it stands.
    var place: SourcePlace

    /// What the value is, for messages about wrong types.
    var kind: String {
        switch value {
        case .null: "nothing"
        case .scalar(_, isQuoted: true): "a text in quotes"
        case .scalar(let text, isQuoted: false): "`\(text.prefix(60))`"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The entries of a mapping; `nil` for every other value.
    var entries: [Entry]? {
        if case .mapping(let entries) = value { return entries }
        return nil
    }
}

/// Where a value of the configuration was written, for messages.
struct SourcePlace: Hashable, Sendable, CustomStringConvertible {
    /// A file's name, or the flag that gave the value.
    var source: String
    /// The line from 1; `nil` where the source has no lines.
    var line: Int?

    var description: String {
        guard let line else { return source }
        return "\(source):\(line)"
    }
}

/// A value given on the command line in place of the file's: `--override policy.sampling.seed=7`.
struct ConfigurationOverride: Hashable, Sendable {
    /// The keys from the root.
    let keys: [String]
    /// The value, read as YAML.
    let node: ConfigurationNode

    /// Reads `key.path=value`. Throws `.configuration` when it has another form.
    init(_ text: String) throws(CommandError) {
        guard let equals = text.firstIndex(of: "=") else {
            throw CommandError(
                .configuration,
                "--override \(text): write `--override key.path=value` (-o is short for it; where "
                    + "a command writes to a file, --output names that)")
        }
        let path = text[..<equals]
        keys = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !keys.contains("") else {
            throw CommandError(.configuration, "--override \(text): a key of the path is empty")
        }
        let value = String(text[text.index(after: equals)...])
        // Standard input. To YAML it would be a list with nothing in it, which nobody means.
        node = try YAMLDocument.parse(
            value == "-" ? "'-'" : value, source: "--override \(path)", hasLines: false)
    }

    /// Puts the value into the tree; sections on the way are made where they are missing, and
    /// what is in the way is replaced.
    func apply(to root: ConfigurationNode) -> ConfigurationNode {
        Self.put(node, at: keys[...], into: root)
    }

    private static func put(
        _ value: ConfigurationNode, at keys: ArraySlice<String>, into node: ConfigurationNode
    ) -> ConfigurationNode {
        guard let key = keys.first else { return value }
        var entries = node.entries ?? []
        let index = entries.firstIndex { $0.key == key }
        let old =
            index.map { entries[$0].node }
            ?? ConfigurationNode(value: .null, place: value.place)
        let new = put(value, at: keys.dropFirst(), into: old)
        if let index {
            entries[index].node = new
            if keys.count == 1 { entries[index].place = value.place }
        } else {
            entries.append(
                ConfigurationNode.Entry(key: key, place: value.place, node: new))
        }
        return ConfigurationNode(value: .mapping(entries), place: node.place)
    }
}
