internal import ArgumentParser
internal import FoundationEssentials
internal import OgiveModels

/// `ogive quickstart [FOLDER]`: a first run with two small models, from files of the package.
struct QuickstartCommand: ConfiguredCommand, InterruptibleCommand {
    static let configuration = CommandConfiguration(
        commandName: "quickstart",
        abstract: "Write a small example into a folder, and run it.",
        discussion: """
            A tiny language model samples 32 draws for each of 256 prompts, and a tiny
            reward model scores them, all on this machine. The folder then holds the
            configuration, prompts, models and database: change the configuration and
            run it again with `ogive run`. Files that are there already are kept.

            It needs PostgreSQL's programs and llama.cpp's server in Python. If the
            system lacks them, pip install "ogive[local]" brings both.

            Examples:
              ogive quickstart
              ogive quickstart first -o run.draws=8
            """)

    @Argument(help: "The folder to write into.", completion: .directory)
    var folder = "ogive-quickstart"

    @Option(
        name: [.customShort("o"), .customLong("override")],
        help: ArgumentHelp("A value in place of the file's.", valueName: "key.path=value"))
    var overrides: [String] = []

    @Flag(help: "Try draws again that have a failure.")
    var retryFailures = false

    @Flag(name: .customLong("no-preflight"), help: "Do not look at the models first.")
    var skipsPreflight = false

    @OptionGroup var time: PreflightTime

    @Flag(help: "Print what happens as JSON lines, each with its `event`.")
    var json = false

    /// What `ogive run` is told beside the configuration.
    private var options: [String] {
        (retryFailures ? ["--retry-failures"] : []) + (skipsPreflight ? ["--no-preflight"] : [])
            + (time.text.map { ["--preflight-timeout", $0] } ?? []) + (json ? ["--json"] : [])
    }

    private var path: String { folder + "/" + QuickstartFiles.configuration }

    func configurationFile() throws(CommandError) -> ConfigurationFile {
        ConfigurationFile(path: path, overrides: overrides)
    }

    func run() async throws {
        try await Interruption.watching { try await run(under: $0) }
    }

    private func run(under interruption: Interruption) async throws {
        let files = QuickstartFiles(source: Installation.share() + "/quickstart")
        try files.requirePresence()
        let packages = PythonPackages()
        let found = try await interruption.cancelling {
            await packages.find(PythonPackages.llama)
        }
        guard let llama = found else {
            let asked =
                packages.interpreters.isEmpty
                ? "there is no Python" : "not in \(packages.interpreters.joined(separator: ", "))"
            throw CommandError(
                .unavailable,
                "llama.cpp's server, which serves the quickstart's models, was not found: "
                    + "\(asked). Install it with: pip install \"ogive[local]\" (or xllamacpp), "
                    + "or name the Python that has it in \(PythonPackages.variable)")
        }
        let written = try files.write(to: folder, python: llama.python)
        if !json {
            Output.show(
                written.isEmpty
                    ? "\(folder) has its files already"
                    : "wrote \(NumberText.count(written.count, "file")) into \(folder)")
        }
        try await RunCommand.parse([path] + overrides.flatMap { ["-o", $0] } + options)
            .run(under: interruption)
    }
}

/// The files of the quickstart: where they come from, and how they get into a folder.
struct QuickstartFiles {
    /// The configuration among them.
    static let configuration = "quickstart.yaml"
    /// All of them.
    static let names = [
        configuration, "prompts.jsonl", "policy.gguf", "reward.gguf", "serve_llamacpp.py",
    ]
    /// What only some packages have: a library that llama.cpp's server needs of the system.
    static let extra = "libgomp.so.1"
    /// What stands in the configuration for the interpreter that serves the models.
    private static let python = "\"{python}\""

    /// The folder of the package that has them.
    var source: String

    /// Throws `.unavailable` when a file is missing.
    func requirePresence() throws(CommandError) {
        for name in Self.names
        where !FileManager.default.fileExists(atPath: "\(source)/\(name)") {
            throw CommandError(
                .unavailable,
                "the quickstart's files are not with this program: \(source)/\(name) is missing. "
                    + "Programs of a package have them; in a checkout, run deploy/quickstart")
        }
    }

    /// Writes the files that the folder lacks, each whole or not at all; answers with their names.
    func write(to folder: String, python: String) throws(CommandError) -> [String] {
        do {
            let files = FileManager.default
            try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
            var written: [String] = []
            let extra = files.fileExists(atPath: "\(source)/\(Self.extra)") ? [Self.extra] : []
            for name in Self.names + extra
            where !files.fileExists(atPath: "\(folder)/\(name)") {
                var data = try Data(contentsOf: URL(filePath: "\(source)/\(name)"))
                if name == Self.configuration {
                    // A JSON string is one of YAML.
                    let text = String(decoding: data, as: UTF8.self)
                        .replacing(Self.python, with: ExactJSON.string(python).json)
                    data = Data(text.utf8)
                }
                try data.write(to: URL(filePath: "\(folder)/\(name)"), options: .atomic)
                written.append(name)
            }
            return written
        } catch {
            throw CommandError(
                .unavailable, "the quickstart's files cannot be written into \(folder)",
                cause: "\(error)")
        }
    }
}
