internal import Glibc
internal import OgiveModels
internal import Subprocess
internal import SystemPackage

/// Tables that the Python package `ogive` reads and writes, because it has the libraries for them:
/// Parquet files, and folders that Hugging Face's `datasets` has saved.
///
/// The rows go through a pipe as JSON Lines. The interpreter is `python3`, or what `OGIVE_PYTHON`
/// names.
struct PythonTable {
    /// The file or the folder.
    let path: String
    private let interpreter: String

    /// Names a table.
    init(path: String, environment: [String: String] = Environment.current) {
        self.path = path
        interpreter = Self.interpreter(environment)
    }

    /// The interpreter that has the Python package: `python3`, or what `OGIVE_PYTHON` names.
    static func interpreter(_ environment: [String: String]) -> String {
        environment["OGIVE_PYTHON"].flatMap { $0.isEmpty ? nil : $0 } ?? "python3"
    }

    /// Whether a path names such a table, by what is there: a folder, or a file that begins as
    /// Parquet files do.
    static func isOne(_ path: String) -> Bool {
        if path == "-" { return false }
        // A pipe must be opened once only.
        guard let kind = kind(of: path), kind == S_IFREG else { return isFolder(path) }
        guard var source = try? ByteSource.open(path: path), let head = try? source.next()
        else { return false }
        return head.starts(with: Array("PAR1".utf8))
    }

    /// Whether it is a folder.
    static func isFolder(_ path: String) -> Bool { kind(of: path) == S_IFDIR }

    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        // stat reads the path and fills the structure only during the call.
        return unsafe stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    /// Hands the rows to `take` as JSON Lines, piece by piece, until it wants no more. Throws
    /// `.input` when the table cannot be read to its end.
    func read(_ take: ([UInt8]) async throws -> Bool) async throws {
        let words = LastLines()
        var isWhole = true
        let status = try await started {
            try await Subprocess.run(
                executable, arguments: Arguments(["-m", Self.module, "read", path]),
                environment: environment, platformOptions: Self.options, input: .none,
                output: .sequence, error: .sequence
            ) { execution in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await words.read(execution.standardError) }
                    do {
                        for try await buffer in execution.standardOutput {
                            // The bytes are copied while the buffer is alive.
                            let piece = unsafe buffer.withUnsafeBytes { unsafe Array($0) }
                            isWhole = try await take(piece)
                            if !isWhole { break }
                        }
                    } catch {
                        await execution.teardown(using: Self.teardown)
                        throw error
                    }
                    if !isWhole { await execution.teardown(using: Self.teardown) }
                    try await group.waitForAll()
                }
            }.terminationStatus
        }
        if isWhole { try check(status, words.lines, "cannot read \(path)") }
    }

    /// Writes the rows of a file of JSON Lines as a Parquet file, with the columns that the file
    /// `schema` declares. Throws `.input` when it cannot be written.
    func write(rows: String, schema: String) async throws {
        let words = LastLines()
        let source: FileDescriptor
        do {
            source = try FileDescriptor.open(FilePath(rows), .readOnly)
        } catch {
            throw CommandError(.input, "cannot read \(rows): \(error)")
        }
        let status = try await started {
            try await Subprocess.run(
                executable,
                arguments: Arguments(["-m", Self.module, "write", path, "--schema", schema]),
                environment: environment, platformOptions: Self.options,
                input: .fileDescriptor(source, closeAfterSpawningProcess: true),
                output: .discarded, error: .sequence
            ) { execution in
                await words.read(execution.standardError)
            }.terminationStatus
        }
        try check(status, words.lines, "cannot write \(path)")
    }

    private static let module = "ogive._parquet"
    private static let teardown: [TeardownStep] = [
        .gracefulShutDown(allowedDurationToNextStep: .seconds(2))
    ]
    private static var options: PlatformOptions {
        var options = PlatformOptions()
        options.teardownSequence = teardown
        return options
    }

    private var executable: Subprocess.Executable {
        interpreter.contains("/") ? .path(FilePath(interpreter)) : .name(interpreter)
    }

    /// Without the current folder in Python's path, where a folder may have the package's name.
    private var environment: Subprocess.Environment {
        .inherit.updating(["PYTHONSAFEPATH": "1"])
    }

    private func started(
        _ body: () async throws -> TerminationStatus
    ) async throws -> TerminationStatus {
        do {
            return try await body()
        } catch let error as SubprocessError
            where [.executableNotFound, .spawnFailed].contains(error.code)
        {
            throw CommandError(
                .input,
                "`\(interpreter)` cannot be started, and Parquet files and folders of datasets "
                    + "need it: install Python 3.10 or later and \(Self.package), or name an "
                    + "interpreter that has it by OGIVE_PYTHON",
                cause: "\(error)")
        }
    }

    private static let package = "`pip install \"ogive[data]\"`"

    /// Shows what the package said, and throws unless it ended well.
    private func check(
        _ status: TerminationStatus, _ said: [String], _ what: String
    ) throws(CommandError) {
        if status.isSuccess {
            Output.show(said.map { "note: \(interpreter): \($0)" }, on: STDERR_FILENO)
            return
        }
        let words = said.joined(separator: "\n")
        if said.contains(where: { $0.contains("No module named") }) {
            throw CommandError(
                .input,
                "\(what): \(interpreter) lacks the Python package that does it: "
                    + "\(Self.package), or name an interpreter that has it by OGIVE_PYTHON",
                cause: words)
        }
        let end =
            switch status {
            case .exited(let code): "ended with code \(code)"
            case .signaled(let number): "was ended by signal \(number)"
            }
        throw CommandError(
            .input, "\(what): `\(interpreter) -m \(Self.module)` \(end)",
            cause: words.isEmpty ? nil : words)
    }
}
