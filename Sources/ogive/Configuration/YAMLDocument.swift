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
                .configuration, describe(error, source: source, hasLines: hasLines))
        } catch {
            throw CommandError(.configuration, "\(source): \(error)")
        }
        let place = SourcePlace(source: source, line: hasLines ? 1 : nil)
        guard let root else { return ConfigurationNode(value: .null, place: place) }
        var converter = Converter(source: source, hasLines: hasLines, budget: nodesMax)
        return try converter.convert(root)
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
