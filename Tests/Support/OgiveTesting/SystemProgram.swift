internal import DedicatedThread
internal import Foundation

/// Runs programs that end by themselves.
package enum SystemProgram {
    /// How a program ended, and what it wrote to standard output.
    package struct Outcome: Sendable {
        /// The exit code, or the number of the signal.
        package let status: Int32
        /// The text.
        package let output: String
    }

    /// Runs the program at `path` to its end; what it writes to standard error is dropped.
    package static func run(_ path: String, _ arguments: [String]) async throws -> Outcome {
        try await BlockingCall.run("a program") {
            let process = Process()
            let pipe = Pipe()
            process.executableURL = URL(filePath: path)
            process.arguments = arguments
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = pipe
            process.standardError = FileHandle.nullDevice
            try process.run()
            let output = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return Outcome(
                status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
        }
    }
}
