internal import Foundation
package import Glibc

/// A process that a test started, with its outputs in files.
package final class Program {
    private let process = Process()
    private let outputFile: String
    private let errorFile: String
    private let name: String

    /// Starts `argv`; `files` is the path, without extension, of the two files for its outputs.
    package init(_ argv: [String], files: String, environment: [String: String] = [:]) throws {
        name = argv.dropFirst().prefix(2).joined(separator: " ")
        outputFile = files + ".out"
        errorFile = files + ".err"
        process.executableURL = URL(fileURLWithPath: argv[0])
        process.arguments = Array(argv.dropFirst())
        process.environment = ProcessInfo.processInfo.environment
            .merging(environment) { _, new in new }
        process.standardInput = FileHandle.nullDevice
        let outputs = try [outputFile, errorFile].map(Self.handle)
        // The process has its own. Foundation keeps these open otherwise, and crashes once it
        // starts a process while this one has some 1 300 descriptors.
        defer { for output in outputs { try? output.close() } }
        process.standardOutput = outputs[0]
        process.standardError = outputs[1]
        try process.run()
    }

    /// The process id.
    package var id: pid_t { process.processIdentifier }

    /// Whether it has not ended yet.
    package var isRunning: Bool { end == nil }

    /// Its status as a shell gives it; `nil` while it runs.
    private var end: Int32? {
        guard process.isRunning else {
            let status = process.terminationStatus
            return process.terminationReason == .exit ? status : 128 + status
        }
        // Foundation notices the end only when all that the process started is gone too.
        var info = unsafe siginfo_t()
        // The structure is written by the call and read after it; nothing is reaped.
        let code = unsafe waitid(P_PID, id_t(id), &info, WEXITED | WNOHANG | WNOWAIT)
        guard code == 0, unsafe info._sifields._sigchld.si_pid == id else { return nil }
        let status = unsafe info._sifields._sigchld.si_status
        return unsafe info.si_code == CLD_EXITED ? status : 128 + status
    }

    /// What it wrote to standard output so far.
    package var output: String { Self.text(outputFile) }

    /// What it wrote to standard error so far.
    package var errors: String { Self.text(errorFile) }

    /// Both outputs, for a message about a failure.
    package var transcript: String { "\(name): output\n\(output)\n\(name): errors\n\(errors)" }

    /// Waits for its end and gives the status as a shell does.
    @discardableResult
    package func status(within limit: Duration = .seconds(300)) async throws -> Int32 {
        var status: Int32 = 0
        try await eventually("the end of \(name)", within: limit, detail: { transcript }) {
            guard let end else { return false }
            status = end
            return true
        }
        return status
    }

    /// Waits until standard error holds `text`.
    package func says(_ text: String, within limit: Duration = .seconds(300)) async throws {
        try await eventually("\(name) to say '\(text)'", within: limit, detail: { transcript }) {
            errors.contains(text)
        }
    }

    /// Sends it a signal.
    package func signal(_ number: Int32) {
        // A process that ended is reaped at once, and its id may be another's.
        if isRunning { kill(id, number) }
    }

    private static func handle(_ path: String) throws -> FileHandle {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw TimedOut(description: "\(path) cannot be written") }
        return handle
    }

    private static func text(_ path: String) -> String {
        guard let data = FileManager.default.contents(atPath: path) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}
