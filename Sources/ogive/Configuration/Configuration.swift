internal import FoundationEssentials

/// One YAML file: what is to be run, and where its parts are served.
///
/// Every key is documented in `config/reference.yaml`. A process reads only the sections that
/// it needs, so one file may serve all processes, or each may have its own.
struct Configuration: Sendable {
    /// The name of the file, for messages.
    var source: String
    /// What is submitted.
    var run: RunConfiguration?
    /// The prompts to import.
    var prompts: PromptsConfiguration?
    /// The reference policy and where it is served.
    var policy: PolicyConfiguration?
    /// The scorer and where it is served.
    var scorer: ScorerConfiguration?
    /// The database.
    var database: DatabaseConfiguration?
    /// The coordinator's settings.
    var coordinator: CoordinatorSettings
    /// The worker's settings.
    var worker: WorkerSettings
    /// What is logged.
    var log: LogConfiguration

    /// Reads a file, with overrides like `policy.sampling.seed=7` on top of it. Throws
    /// `.configuration` with all problems of the file at once.
    static func load(
        path: String, overrides: [String] = [], environment: [String: String]
    ) throws(CommandError) -> Configuration {
        let url = URL(filePath: path)
        let data = try read(url, path)
        if looksLikePrompts(data, path) {
            throw CommandError(
                .configuration,
                "\(path) holds prompts, it seems, and no configuration: name it as `prompts.file` "
                    + "in a configuration, or import it with "
                    + "`ogive import \(path) --config CONFIG`")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw CommandError(.configuration, "the configuration \(path) is not UTF-8 text")
        }
        return try parse(
            text, source: url.lastPathComponent,
            folder: url.deletingLastPathComponent().absoluteFolder,
            overrides: overrides, environment: environment)
    }

    private static func read(_ url: URL, _ path: String) throws(CommandError) -> Data {
        if let data = try? Data(contentsOf: url) { return data }
        // Why it is not read.
        let isThere = FileManager.default.fileExists(atPath: path)
        throw CommandError(
            .configuration,
            isThere
                ? "cannot read the configuration \(path): is it a file, and may it be read?"
                : "there is no configuration \(path): no such file")
    }

    /// Whether a file is one of JSON Lines: by its name, or because two objects stand in it, each
    /// on a line.
    private static func looksLikePrompts(_ data: Data, _ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        if name.contains(".jsonl") { return true }
        let lines = data.prefix(1 << 20).split(separator: UInt8(ascii: "\n"), maxSplits: 2)
        guard lines.count > 1 else { return false }
        return lines.prefix(2).allSatisfy { $0.first == UInt8(ascii: "{") }
            && lines[0].last == UInt8(ascii: "}")
    }

    /// Reads the text of a file. `folder` is where relative paths begin.
    static func parse(
        _ text: String, source: String, folder: String, overrides: [String] = [],
        environment: [String: String]
    ) throws(CommandError) -> Configuration {
        var root = try YAMLDocument.parse(text, source: source)
        for override in overrides {
            root = try ConfigurationOverride(override).apply(to: root)
        }
        let reading = ConfigurationReading(folder: folder, environment: environment)
        let configuration = read(root, source: source, in: reading)
        try reading.finish()
        return configuration
    }

    /// The paths of all keys there are, sorted.
    static var knownKeys: [String] {
        let reading = ConfigurationReading(folder: "", environment: [:], collectsKeys: true)
        let root = ConfigurationNode(value: .null, place: SourcePlace(source: ""))
        _ = read(root, source: "", in: reading)
        return Set(reading.keys).sorted()
    }

    private static func read(
        _ root: ConfigurationNode, source: String, in reading: ConfigurationReading
    ) -> Configuration {
        if root.entries == nil, root.value != .null {
            reading.report("the file must be a mapping, not \(root.kind)", at: root.place)
        }
        let section = ConfigurationSection(
            path: "", place: root.place, entries: root.entries ?? [], reading: reading)
        let configuration = Configuration(
            source: source,
            run: section.optional("run", RunConfiguration.init(from:)),
            prompts: section.optional("prompts", PromptsConfiguration.init(from:)),
            policy: section.optional("policy", PolicyConfiguration.init(from:)),
            scorer: section.optional("scorer", ScorerConfiguration.init(from:)),
            database: section.optional("database", DatabaseConfiguration.init(from:)),
            coordinator: section.section("coordinator", CoordinatorSettings.init(from:)),
            worker: section.section("worker", WorkerSettings.init(from:)),
            log: section.section("log", LogConfiguration.init(from:)))
        section.finish()
        return configuration
    }
}

extension URL {
    /// The path of a folder, absolute and without a slash at its end.
    fileprivate var absoluteFolder: String {
        let path = standardizedFileURL.path(percentEncoded: false)
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}
