internal import FoundationEssentials

/// A server that Ogive starts, watches and stops: the section `launch`.
struct LaunchConfiguration: Hashable, Sendable {
    /// Program and arguments; `{port}` stands for a free port, `{threads}` for the server's share
    /// of the cores. A relative program with a slash
    /// was made absolute against `directory`.
    var command: [String]
    /// The path that answers 200 once the server is ready.
    var health: String
    /// Longest wait until it is ready.
    var startupTimeout: Duration
    /// Variables added to the environment; `{port}` and `{threads}` are replaced in values too.
    var environment: [String: String]
    /// The file that takes the server's output; `nil`: a temporary one.
    var log: String?
    /// The folder that it runs in.
    var directory: String

    /// Time from SIGTERM to SIGKILL.
    var stopTimeout: Duration
    /// Most restarts after it was ready once.
    var restartsMax: Int

    /// Reads the section.
    init(from section: ConfigurationSection) {
        let directory = section.filePath("directory") ?? section.reading.folder
        command = section.texts("command") ?? []
        health = section.text("health") ?? "/health"
        startupTimeout = section.duration(
            "startup_timeout", default: .seconds(600), in: .seconds(1)...(.seconds(86_400)))
        environment = section.names("environment") ?? [:]
        log = section.filePath("log")
        self.directory = directory
        stopTimeout = section.duration(
            "stop_timeout", default: .seconds(10), in: .zero...(.seconds(600)))
        restartsMax = section.integer("restarts_max", default: 5, in: 0...1000)
        if let program = command.first, program.contains("/"), !program.hasPrefix("/") {
            command[0] = "\(directory)/\(program)"
        }
        check(section)
    }

    /// What of it is not on this machine, in a sentence that names the keys; `nil` when nothing is
    /// missing. `section` is the path of the section, `source` the file.
    func problem(_ section: String, _ source: String) -> String? {
        let files = FileManager.default
        let advice =
            "relative paths belong to the folder of \(source): mend `\(section).directory`, above "
            + "all in a copied file"
        var isFolder = false
        guard files.fileExists(atPath: directory, isDirectory: &isFolder), isFolder else {
            return "\(section).directory is not there: \(directory); \(advice)"
        }
        guard let program = command.first, program.contains("/"),
            !files.isExecutableFile(atPath: program)
        else { return nil }
        return "\(section).command: there is no program \(program), looked for in "
            + "\(section).directory, \(directory); \(advice)"
    }

    private func check(_ section: ConfigurationSection) {
        if command.first?.isEmpty ?? true {
            section.report("command", "is missing", hint: "write [program, argument, …]")
        } else if !(command + environment.values).contains(where: { $0.contains("{port}") }) {
            section.report(
                "command", "must contain `{port}`", hint: "Ogive puts a free port in its place")
        }
        if !health.hasPrefix("/") { section.report("health", "must begin with /") }
    }
}
