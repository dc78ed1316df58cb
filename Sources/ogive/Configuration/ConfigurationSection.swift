/// A mapping of the configuration, read key by key; a key that nobody asks for is an error.
///
/// Readers ask for every key whatever the values are, so that the set of known keys follows
/// from the code that reads them.
final class ConfigurationSection {
    /// The keys from the root, joined by dots; empty for the root.
    let path: String
    /// Where the section begins.
    let place: SourcePlace
    /// The pass that this belongs to.
    let reading: ConfigurationReading
    private let entries: [ConfigurationNode.Entry]
    private var asked: [String] = []

    /// Wraps the entries of a mapping.
    init(
        path: String, place: SourcePlace, entries: [ConfigurationNode.Entry],
        reading: ConfigurationReading
    ) {
        self.path = path
        self.place = place
        self.entries = entries
        self.reading = reading
    }

    /// Whether the file gives this key a value.
    func has(_ key: String) -> Bool {
        entries.contains { $0.key == key && $0.node.value != .null }
    }

    /// Where a key stands, or the section when the key is absent.
    func place(of key: String) -> SourcePlace {
        entries.first { $0.key == key }?.place ?? place
    }

    /// The value of a key before expansion, without making the key known.
    func written(_ key: String) -> ConfigurationNode.Value? {
        entries.first { $0.key == key }?.node.value
    }

    /// The path of a key from the root.
    func path(of key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }

    /// Notes a problem with the value of `key`: `path: what is wrong (place)`.
    func report(_ key: String, _ text: String, hint: String? = nil) {
        reading.report("\(path(of: key)) \(text)", at: place(of: key), hint: hint)
    }

    /// The value of a key; `nil` when it is absent or null. Makes the key known.
    func node(_ key: String) -> ConfigurationNode? {
        asked.append(key)
        reading.know(path(of: key))
        guard let node = entries.first(where: { $0.key == key })?.node else { return nil }
        return node.value == .null ? nil : node
    }

    /// Reads a section that may be absent.
    func optional<Value>(
        _ key: String, _ read: (ConfigurationSection) -> Value
    ) -> Value? {
        let node = node(key)
        guard let node else {
            if reading.collectsKeys { _ = within(key, place: place, entries: [], read) }
            return nil
        }
        guard let entries = node.entries else {
            report(key, "must be a mapping, not \(node.kind)")
            return nil
        }
        return within(key, place: place(of: key), entries: entries, read)
    }

    /// Reads a section whose keys all have defaults.
    func section<Value>(_ key: String, _ read: (ConfigurationSection) -> Value) -> Value {
        let node = node(key)
        if let node, node.entries == nil { report(key, "must be a mapping, not \(node.kind)") }
        return within(key, place: place(of: key), entries: node?.entries ?? [], read)
    }

    /// Reports every key that nobody asked for.
    func finish() {
        for entry in entries where !asked.contains(entry.key) {
            let owner = path.isEmpty ? "the file" : path
            let meant = NearestName.find(entry.key, among: asked) ?? Self.elsewhere(entry.key)
            let hint = meant.map { "did you mean `\($0)`?" }
            reading.report(
                "unknown key `\(entry.key)` in \(owner)", at: entry.place,
                hint: hint ?? "known here: \(asked.sorted().joined(separator: ", "))")
        }
    }

    /// The path of a key that stands in another section, when it is the only one of its name.
    private static func elsewhere(_ key: String) -> String? {
        let paths = Configuration.knownKeys.filter { $0.hasSuffix(".\(key)") }
        return paths.count == 1 ? paths[0] : nil
    }

    /// Reads a section whose entries are given.
    func within<Value>(
        _ key: String, place: SourcePlace, entries: [ConfigurationNode.Entry],
        _ read: (ConfigurationSection) -> Value
    ) -> Value {
        let section = ConfigurationSection(
            path: path(of: key), place: place, entries: entries, reading: reading)
        let value = read(section)
        section.finish()
        return value
    }
}
