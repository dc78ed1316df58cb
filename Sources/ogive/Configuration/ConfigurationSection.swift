internal import OgiveModels

/// A mapping of the configuration, read key by key; a key that nobody asks for is an error.
///
/// A reader declares each key when it asks for the value. It asks for every key whatever the values
/// are, so that the known keys, the reference and the schema follow from the readers.
final class ConfigurationSection {
    /// The keys from the root, joined by dots; empty for the root.
    let path: String
    /// Where the section begins.
    let place: SourcePlace
    /// The pass that this belongs to.
    let reading: ConfigurationReading
    /// The keys that the reader asked for, in this order.
    private(set) var declarations: [KeyDeclaration] = []
    private let entries: [ConfigurationNode.Entry]
    private var nextHeading: String?

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

    /// Notes that a key is missing.
    func reportMissing(_ key: String, hint: String?) {
        reportMissing(key, hint: hint, others: [])
    }

    /// Notes that a key is missing; `others` would do as well.
    func reportMissing(_ key: String, hint: String? = nil, others: [String]) {
        reading.report(
            "\(path(of: key)) is missing", at: place(of: key), hint: hint,
            kind: .missing(([key] + others).map(path(of:))))
    }

    /// Puts a remark above the key that is asked for next.
    func heading(_ text: String) {
        nextHeading = text
    }

    /// The value of a key; `nil` when it is absent or null. Makes the key known.
    func node(_ declaration: KeyDeclaration) -> ConfigurationNode? {
        declare(declaration)
        guard let node = entries.first(where: { $0.key == declaration.name })?.node else {
            return nil
        }
        return node.value == .null ? nil : node
    }

    private func declare(_ declaration: KeyDeclaration) {
        guard !declarations.contains(where: { $0.name == declaration.name }) else { return }
        var declaration = declaration
        declaration.heading = nextHeading
        nextHeading = nil
        declarations.append(declaration)
    }

    /// Reads a section that may be absent.
    func optional<Value>(
        _ key: String, _ about: String, _ read: (ConfigurationSection) -> Value
    ) -> Value? {
        optional(key, about, or: nil, read)
    }

    /// Reads a section that may be absent. `alternative` is what the caller takes in its place.
    func optional<Value>(
        _ key: String, _ about: String, or alternative: KeyType?,
        _ read: (ConfigurationSection) -> Value
    ) -> Value? {
        let declaration = KeyDeclaration(
            name: key, type: .section, about: about, presence: path.isEmpty ? .on : .off,
            alternative: alternative)
        guard let node = node(declaration) else {
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
    func section<Value>(
        _ key: String, _ about: String, _ read: (ConfigurationSection) -> Value
    ) -> Value {
        let node = node(
            KeyDeclaration(name: key, type: .section, about: about, presence: .on))
        if let node, node.entries == nil { report(key, "must be a mapping, not \(node.kind)") }
        return within(key, place: place(of: key), entries: node?.entries ?? [], read)
    }

    /// Reports every key that nobody asked for.
    func finish() {
        let asked = declarations.map(\.name)
        for entry in entries where !asked.contains(entry.key) {
            let owner = path.isEmpty ? "the file" : path
            let here = NearestName.find(entry.key, among: asked)
            let meant = here ?? Self.elsewhere(entry.key)
            let hint = meant.map { "did you mean `\($0)`?" }
            reading.report(
                "unknown key `\(entry.key)` in \(owner)", at: entry.place,
                hint: hint ?? "known here: \(asked.sorted().joined(separator: ", "))",
                kind: .unknown(meant: here.map(path(of:)) ?? meant))
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
        if reading.collectsKeys, let index = declarations.firstIndex(where: { $0.name == key }) {
            declarations[index].keys = section.declarations
        }
        return value
    }
}
