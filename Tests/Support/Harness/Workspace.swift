internal import Foundation
package import Glibc

/// A folder of one test. Each process that has the folder's path among its arguments is the
/// test's: its configuration, its database and its models lie there.
package final class Workspace {
    /// The folder.
    package let folder: String
    private var count = 0

    /// Runs `body` with a new folder; afterwards nothing of it is left, processes neither.
    package static func with(_ body: (Workspace) async throws -> Void) async throws {
        let workspace = try Workspace()
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(workspace))
        } catch {
            result = .failure(error)
        }
        try await workspace.clear()
        try result.get()
    }

    private init() throws {
        // Readable for the user that the database runs as.
        folder = "/tmp/ogive-e2e-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o755])
    }

    /// The path of a file in the folder.
    package func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// Writes a file and gives its path.
    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: path(name), atomically: true, encoding: .utf8)
        return path(name)
    }

    /// Starts `ogive` with `arguments`.
    package func start(_ arguments: [String], environment: [String: String] = [:]) throws -> Program
    {
        try run([try Checkout.program] + arguments, environment: environment)
    }

    /// Starts any program.
    package func run(_ argv: [String], environment: [String: String] = [:]) throws -> Program {
        count += 1
        return try Program(argv, files: path("process-\(count)"), environment: environment)
    }

    /// Runs `ogive` to its end. Throws when its exit code is another one.
    @discardableResult
    package func ogive(
        _ arguments: [String], exit code: Int32 = 0, within limit: Duration = .seconds(300)
    ) async throws -> Program {
        let program = try start(arguments)
        let status = try await program.status(within: limit)
        guard status == code else {
            throw Unexpected("exit code \(status) instead of \(code)\n\(program.transcript)")
        }
        return program
    }

    /// The processes that belong to the folder, with their arguments.
    package var processes: [(id: pid_t, argv: [String])] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { entry in
            guard let id = pid_t(entry), id != getpid(),
                let data = FileManager.default.contents(atPath: "/proc/\(entry)/cmdline")
            else { return nil }
            let argv = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return argv.contains { $0.contains(folder + "/") } ? (id, argv) : nil
        }
    }

    /// Waits until none of the folder's processes runs.
    package func expectNothingRuns(within limit: Duration = .seconds(300)) async throws {
        try await eventually(
            "all processes to be gone", within: limit, detail: { "\(self.processes)" }
        ) { processes.isEmpty }
    }

    private func clear() async throws {
        for process in processes {
            // A database server ends its own children on SIGQUIT.
            kill(process.id, process.argv[0].hasSuffix("postgres") ? SIGQUIT : SIGKILL)
        }
        try await expectNothingRuns()
        try FileManager.default.removeItem(atPath: folder)
    }
}
