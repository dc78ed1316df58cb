internal import FoundationEssentials
internal import OgiveModels

extension ModelServerSpec {
    /// Reads a section `launch`. A relative program with a slash belongs to `directory`.
    init(from section: ConfigurationSection) {
        let command = section.texts(
            "command",
            """
            program and arguments. {port}: a free port; {threads}: this server's share of the \
            cores that Ogive may use
            """,
            example: "[vllm, serve, my/model, --port, \"{port}\"]", presence: .required)
        self.init(argv: command ?? [])
        healthPath = section.text(
            "health", default: healthPath, "path that answers 200 once the server is ready")
        startTimeout = section.duration(
            "startup_timeout", default: .seconds(600), in: .seconds(1)...(.seconds(86_400)),
            "longest wait for this answer")
        environment =
            section.names(
                "environment",
                "variables added to the environment; {port} and {threads} as in the command",
                example: "{CUDA_VISIBLE_DEVICES: \"0\", OMP_NUM_THREADS: \"{threads}\"}") ?? [:]
        logFile = section.filePath(
            "log", "file for the server's output", example: "server.log",
            absent: "a temporary file")
        let directory =
            section.filePath(
                "directory", "folder that the server runs in", example: ".",
                absent: "the folder of this file") ?? section.reading.folder
        workingDirectory = directory
        grace = section.duration(
            "stop_timeout", default: .seconds(10), in: .zero...(.seconds(600)),
            "time from SIGTERM to SIGKILL")
        restartsMax = section.integer(
            "restarts_max", default: 5, in: 0...1000,
            "most restarts after it was ready once")
        if let program = argv.first, program.contains("/"), !program.hasPrefix("/") {
            argv[0] = "\(directory)/\(program)"
        }
        check(section)
    }

    /// The same server as one of `servers` on this machine.
    func sharing(with servers: Int) -> ModelServerSpec {
        var spec = self
        spec.threads = UsableCores.share(of: servers)
        return spec
    }

    /// What of it is not on this machine, in a sentence that names the keys; `nil` when nothing is
    /// missing. `section` is the path of the section, `source` the file.
    func problem(_ section: String, _ source: String) -> String? {
        let files = FileManager.default
        let directory = workingDirectory ?? "."
        let advice =
            "relative paths belong to the folder of \(source): mend `\(section).directory`, above "
            + "all in a copied file"
        var isFolder = false
        guard files.fileExists(atPath: directory, isDirectory: &isFolder), isFolder else {
            return "\(section).directory is not there: \(directory); \(advice)"
        }
        guard let program = argv.first, program.contains("/"),
            !files.isExecutableFile(atPath: program)
        else { return nil }
        return "\(section).command: there is no program \(program), looked for in "
            + "\(section).directory, \(directory); \(advice)"
    }

    private func check(_ section: ConfigurationSection) {
        if argv.first?.isEmpty ?? true {
            section.report("command", "is missing", hint: "write [program, argument, …]")
        } else if !(argv + environment.values).contains(where: { $0.contains("{port}") }) {
            section.report(
                "command", "must contain `{port}`", hint: "Ogive puts a free port in its place")
        }
        if !healthPath.hasPrefix("/") { section.report("health", "must begin with /") }
    }
}
