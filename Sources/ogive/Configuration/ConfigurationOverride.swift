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
        node = try YAMLDocument.parse(
            String(text[text.index(after: equals)...]), source: "--override \(path)",
            hasLines: false)
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
