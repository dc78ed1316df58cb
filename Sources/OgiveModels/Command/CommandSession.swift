internal import OgiveCore
package import Subprocess
internal import Synchronization

/// The life of one scoring subprocess.
struct CommandSession {
    /// The command.
    let command: CommandAdapter
    /// The time that it has for a batch.
    let timeout: Duration
    /// What it has to answer.
    let exchange: CommandExchange

    /// Time that it has to end by itself after its standard input was closed.
    private static let grace = Duration.seconds(2)

    /// Runs it until it ends, breaks the contract, or the task is cancelled; returns why.
    func run() async -> ModelError {
        let wakes = exchange.open()
        let lastLines = LastLines()
        var options = PlatformOptions()
        // Its own group: an interrupt from the terminal is for this process, which drains first.
        options.processGroupID = 0
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: Self.grace)
        ]
        do {
            let result = try await Subprocess.run(
                .name("sh"), arguments: arguments, environment: environment,
                platformOptions: options, input: .inputWriter, output: .sequence,
                error: .sequence
            ) { execution in
                try await self.converse(execution, wakes, lastLines)
            }
            return died("ended: \(result.terminationStatus)", lastLines)
        } catch let error as ModelError {
            return error
        } catch {
            if Task.isCancelled {
                return ModelError(.processDied, "the scoring command is stopped")
            }
            return died("failed: \(error)", lastLines)
        }
    }

    private func converse(
        _ execution: Execution<CustomWriteInput, SequenceOutput, SequenceOutput>,
        _ wakes: AsyncStream<Void>, _ lastLines: LastLines
    ) async throws {
        typealias End = Result<Void, any Error>
        let outcome = await withTaskGroup(of: End?.self) { group in
            group.addTask {
                for await _ in wakes {
                    while let line = exchange.nextLine() {
                        do {
                            _ = try await execution.standardInputWriter.write(line)
                        } catch {
                            // It closed its input; the reader sees how it ends.
                            return nil
                        }
                    }
                }
                return .failure(self.hung)
            }
            group.addTask {
                await lastLines.read(execution.standardError)
                return nil
            }
            group.addTask { await self.read(execution.standardOutput) }
            var outcome = End.success(())
            for await end in group {
                guard let end else { continue }
                outcome = end
                break
            }
            group.cancelAll()
            return outcome
        }
        // Waits for its end, and brings it about where need be.
        await execution.teardown(using: [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: Self.grace)
        ])
        try outcome.get()
    }

    private func read(_ output: SubprocessOutputSequence) async -> Result<Void, any Error> {
        var reader = CommandReader()
        do {
            for try await buffer in output {
                // The bytes are copied while the buffer is alive.
                let bytes = unsafe buffer.withUnsafeBytes { unsafe Array($0) }
                let isFirst = reader.facts == nil
                let replies = try reader.replies(bytes)
                if isFirst, let facts = reader.facts { try exchange.announce(facts) }
                for reply in replies { exchange.receive(reply) }
            }
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private var arguments: Arguments {
        // The shell only changes the folder and finds the program.
        let script = #"cd "$1" && shift && exec "$@""#
        return Arguments(
            ["-c", script, "sh", command.workingDirectory ?? "."] + command.argv)
    }

    private var environment: Environment {
        var changes: [Environment.Key: String?] = [:]
        for (name, value) in command.environment {
            if let key = Environment.Key(rawValue: name) { changes[key] = value }
        }
        return .inherit.updating(changes)
    }

    private var hung: ModelError {
        ModelError(
            .timeout,
            "the scoring command `\(command.argv.joined(separator: " "))` gave no answer at all "
                + "for \(timeout) and was started anew")
    }

    private func died(_ how: String, _ lastLines: LastLines) -> ModelError {
        let words = lastLines.text
        return ModelError(
            .processDied,
            "the scoring command `\(command.argv.joined(separator: " "))` \(how); "
                + (words.isEmpty
                    ? "it wrote nothing to standard error" : "its last words: \(words)"))
    }
}

/// The end of what a subprocess wrote to standard error.
package final class LastLines: Sendable {
    /// Most bytes kept.
    static let bytesMax = 2_000

    private let bytes = Mutex<[UInt8]>([])

    /// Begins with nothing.
    package init() {}

    /// Reads until the stream ends.
    package func read(_ output: SubprocessOutputSequence) async {
        do {
            for try await buffer in output {
                // The bytes are copied while the buffer is alive.
                let part = unsafe buffer.withUnsafeBytes { unsafe Array($0) }
                bytes.withLock { $0 = Array(($0 + part).suffix(Self.bytesMax)) }
            }
        } catch {
            append("(standard error could not be read: \(error))")
        }
    }

    /// What was kept, line by line.
    package var lines: [String] {
        let text = String(decoding: bytes.withLock { $0 }, as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).suffix(20).map(String.init)
    }

    /// What was kept, on one line.
    var text: String { lines.joined(separator: " ⏎ ") }

    private func append(_ text: String) {
        bytes.withLock { $0 = Array(($0 + Array(text.utf8)).suffix(Self.bytesMax)) }
    }
}
