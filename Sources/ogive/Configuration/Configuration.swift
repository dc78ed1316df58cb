internal import FoundationEssentials
internal import OgiveCore
internal import OgiveTransport

/// One YAML file: what is to be run, and where its parts are served.
///
/// `config/reference.yaml` shows every key. A process reads only the sections that
/// it needs, so one file may serve all processes, or each may have its own.
struct Configuration: Sendable {
    /// The name of the file, for messages.
    var source: String
    /// What is submitted.
    var run: RunConfiguration?
    /// The prompts to import.
    var prompts: PromptsConfiguration?
    /// How completions of others are read.
    var adopt: AdoptConfiguration?
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
    /// The dashboard's settings.
    var dashboard: DashboardSettings
    /// How it is placed on a Slurm cluster.
    var slurm: SlurmSettings
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

    /// All keys that there are, as their readers declare them.
    static let keys: [KeyDeclaration] = {
        let reading = ConfigurationReading(folder: "", environment: [:], collectsKeys: true)
        let section = ConfigurationSection(
            path: "", place: SourcePlace(source: ""), entries: [], reading: reading)
        _ = Configuration(from: section, source: "")
        return section.declarations
    }()

    /// The paths of all keys that there are, sorted.
    static var knownKeys: [String] { keys.flatMap(\.paths).sorted() }

    private static func read(
        _ root: ConfigurationNode, source: String, in reading: ConfigurationReading
    ) -> Configuration {
        if root.entries == nil, root.value != .null {
            reading.report("the file must be a mapping, not \(root.kind)", at: root.place)
        }
        let section = ConfigurationSection(
            path: "", place: root.place, entries: root.entries ?? [], reading: reading)
        let configuration = Configuration(from: section, source: source)
        section.finish()
        return configuration
    }

    /// Reads the sections of a file.
    private init(from section: ConfigurationSection, source: String) {
        self.source = source
        run = section.optional(
            "run", "The run to submit. `ogive run` and `ogive submit` need it.",
            RunConfiguration.init(from:))
        prompts = section.optional(
            "prompts",
            """
            The prompts. Recognised without `fields`: {"prompt"}, {"messages"}, {"conversations"} \
            of ShareGPT, {"question", "answer"}, {"prompt", "chosen", "rejected"}, {"prompt", \
            "completion", "label"} of KTO, {"prompt", "completions"}; `system` and `tools` beside \
            them. The page Imports shows each.
            """,
            PromptsConfiguration.init(from:))
        adopt = section.optional(
            "adopt",
            "Completions of others, for `ogive adopt`: the page Adopting shows its shapes.",
            AdoptConfiguration.init(from:))
        policy = section.optional(
            "policy", "The reference policy.", PolicyConfiguration.init(from:))
        scorer = section.optional("scorer", "The scorer.", ScorerConfiguration.init(from:))
        database = section.optional(
            "database", "The database: exactly one of `embedded` and `url`.",
            DatabaseConfiguration.init(from:))
        coordinator = section.section(
            "coordinator", "The coordinator.", CoordinatorSettings.init(from:))
        worker = section.section("worker", "The workers.", WorkerSettings.init(from:))
        dashboard = section.section(
            "dashboard", "The pages of `ogive dashboard`.", DashboardSettings.init(from:))
        slurm = section.section(
            "slurm", "The jobs of `ogive slurm` on a Slurm cluster.", SlurmSettings.init(from:))
        log = section.section(
            "log", "Logging, to standard error.", LogConfiguration.init(from:))
    }
}

extension URL {
    /// The path of a folder, absolute and without a slash at its end.
    fileprivate var absoluteFolder: String {
        let path = standardizedFileURL.path(percentEncoded: false)
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}

extension Configuration {
    /// *What* the file asks for. Throws `.configuration` when a section that it takes is missing.
    func runSpec() throws(CommandError) -> RunSpec {
        guard let run, let prompts, let policy, let scorer else {
            let missing = [
                ("run", run == nil), ("prompts", prompts == nil), ("policy", policy == nil),
                ("scorer", scorer == nil),
            ].filter(\.1).map { "`\($0.0)`" }
            throw CommandError(
                .configuration,
                "\(source) lacks \(missing.joined(separator: ", ")), which a run needs")
        }
        let sampling = SamplingSpec(
            promptSet: try prompts.requiredSet(source), policy: policy.spec,
            parameters: policy.sampling)
        let scoring = ScoringSpec(sampling: sampling, scorer: scorer.spec)
        var spec = RunSpec(name: run.name, scoring: scoring, draws: run.draws)
        spec.adaptive = run.adaptive
        spec.candidates = run.candidates
        spec.candidatesFirst = run.candidatesFirst
        spec.weight = run.weight
        if policy.price != nil || scorer.price != nil {
            spec.prices = Prices(policy: policy.price, scorer: scorer.price)
        }
        spec.budget = run.budget
        if let problem = spec.problem {
            throw CommandError(.configuration, "\(source): \(problem)")
        }
        return spec
    }

    /// The places where this file's workers look for a coordinator.
    var coordinatorPlaces: [CoordinatorPlace] {
        (worker.connect ?? [coordinator.listen]).map { CoordinatorPlace($0) }
    }

    /// The same for a person, with the key that says so.
    var coordinatorPlacesText: String {
        let places = coordinatorPlaces.map(\.description).joined(separator: ", ")
        if worker.connect != nil { return "\(places) (from `worker.connect`)" }
        return coordinator.isListenGiven
            ? "\(places) (from `coordinator.listen`, as `worker.connect` is not set)"
            : "\(places) (the default; `worker.connect` names another address)"
    }

    /// The section `database`. Throws `.configuration` when there is none.
    func requiredDatabase() throws(CommandError) -> DatabaseConfiguration {
        guard let database else {
            throw CommandError(
                .configuration,
                "\(source) lacks `database`: add `embedded: FOLDER` or `url: postgresql://…`")
        }
        return database
    }
}

/// What is logged: the section `log`.
struct LogConfiguration: Hashable, Sendable {
    /// From which severity on; the names are those of swift-log.
    enum Level: String, Hashable, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    /// In which form.
    enum Format: String, Hashable, Sendable, CaseIterable {
        /// One line of text.
        case text
        /// One JSON object a line.
        case json
    }

    /// From which severity on.
    var level: Level
    /// In which form.
    var format: Format

    /// Reads the section.
    init(from section: ConfigurationSection) {
        level = section.choice(
            "level", default: .notice, "from which severity on")
        format = section.choice(
            "format", default: .text, "a line of text, or a JSON object a line")
    }
}
