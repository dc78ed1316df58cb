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
