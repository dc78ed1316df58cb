internal import FoundationEssentials
internal import Glibc
package import OgiveCore

/// A scorer behind a long-lived subprocess that speaks JSON Lines.
///
/// To it: `{"id", "prompt" | "messages", "completion", "metadata"}`; from it, in any order:
/// `{"id", "reward"}` or `{"id", "error", "code"}`, and before these, if it likes,
/// `{"facts"}`. Requests are pipelined. It should end when its
/// standard input does. `run()` keeps it alive; without it no request is answered.
package struct CommandScorer: Scorer {
    /// Longest line in either direction, in bytes.
    package static let lineBytesMax = 16 << 20

    private let command: CommandAdapter
    private let endpoint: ScorerEndpoint
    private let exchange = CommandExchange()
    private let clock: TimeSource

    /// Takes the command, and from `endpoint` its name, its time and the size of a batch. Throws
    /// `misconfigured` when there is no program.
    package init(
        _ command: CommandAdapter, endpoint: ScorerEndpoint, clock: TimeSource = .machine
    ) throws(ModelError) {
        guard let program = command.argv.first, !program.isEmpty else {
            throw ModelError(
                .misconfigured,
                "scorer `\(endpoint.model)` is a command without `argv` (program, arguments)")
        }
        self.command = command
        self.endpoint = endpoint
        self.clock = clock
    }

    /// The configured name, and what the command says of itself where it `announcesFacts`: then
    /// this waits for it, for as long as a batch may take.
    package func fingerprint() async throws(ModelError) -> Fingerprint {
        guard command.announcesFacts else {
            return Fingerprint(["model": endpoint.model, "server": "command"])
        }
        let stream = exchange.announcements()
        let said = await withTaskGroup(of: Result<CommandFacts, ModelError>?.self) { group in
            group.addTask { await stream.first { _ in true } }
            group.addTask { [clock, endpoint] in
                // Cancellation is the normal end here: the command spoke.
                try? await clock.sleep(endpoint.requestTimeout)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        guard let said else {
            throw ModelError(
                .timeout,
                "the scoring command `\(command.argv[0])` has not said {\"facts\": …} within "
                    + "\(endpoint.requestTimeout); raise request_timeout, or leave out "
                    + "`announces_facts` for one that does not say it")
        }
        return try said.get().fingerprint(model: endpoint.model)
    }

    /// Sends batches of at most `batch_size` lines, one after the other; what a batch lacks when
    /// its time is over fails as `timeout`.
    package func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        var results: [Result<Score, ModelError>] = []
        for batch in Batches.split(requests, sizeMax: endpoint.batchSize) {
            results += await scoreBatch(batch)
        }
        return results
    }

    /// Starts the subprocess again whenever it ends, ever later, until the task is cancelled.
    package func run() async {
        // Writing to a subprocess that is gone is an error to be read, and not the end of this one.
        signal(SIGPIPE, SIG_IGN)
        let backOff = BackOff()
        var failures = 0
        while !Task.isCancelled {
            let session = CommandSession(
                command: command, timeout: endpoint.requestTimeout, exchange: exchange)
            let error = await session.run()
            // One that answered was not broken from the start.
            failures = exchange.close(error) > 0 ? 1 : failures + 1
            do {
                try await clock.sleep(backOff.delay(afterFailures: failures))
            } catch {
                // Cancelled, which ends the loop.
                return
            }
        }
    }

    private func scoreBatch(_ batch: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        let late = ModelError(
            .timeout,
            "the scoring command `\(command.argv[0])` has not answered within "
                + "\(endpoint.requestTimeout); raise request_timeout or lower batch_size")
        var results = [Result<Score, ModelError>](repeating: .failure(late), count: batch.count)
        let (stream, answers) = AsyncStream.makeStream(
            of: (Int, Result<Score, ModelError>).self)
        var ids: [Int] = []
        for (place, request) in batch.enumerated() {
            switch submit(request, place, answers) {
            case .success(let id): ids.append(id)
            case .failure(let error): results[place] = .failure(error)
            }
        }
        let progress = exchange.progress
        var missing = ids.count
        await withTaskGroup { group in
            group.addTask { [clock, endpoint] in
                // Cancellation is the normal end here: all answers came.
                try? await clock.sleep(endpoint.requestTimeout)
                answers.finish()
            }
            if missing > 0 {
                for await (place, result) in stream {
                    results[place] = result
                    missing -= 1
                    if missing == 0 { break }
                }
            }
            group.cancelAll()
        }
        exchange.forget(ids)
        // One that gives nothing for a whole deadline hangs, and would do so for ever.
        if missing > 0, !Task.isCancelled { exchange.interrupt(since: progress) }
        return results
    }

    private func submit(_ request: ScoreRequest, _ place: Int, _ answers: CommandExchange.Answers)
        -> Result<Int, ModelError>
    {
        // The id is put in front of a line that was encoded, and found valid, beforehand.
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        guard let probe = try? encoder.encode(CommandQuestion(request: request)) else {
            return .failure(
                ModelError(
                    .missingField,
                    "the metadata of prompt `\(request.prompt.key)` is no JSON object"))
        }
        guard probe.count < Self.lineBytesMax else {
            return .failure(
                ModelError(
                    .tooLarge,
                    "prompt `\(request.prompt.key)` with its completion takes more than "
                        + "\(Self.lineBytesMax) bytes"))
        }
        let id = exchange.submit(place: place, answers: answers) { id in
            Array("{\"id\":\(id),".utf8) + probe.dropFirst() + [UInt8(ascii: "\n")]
        }
        guard let id else {
            return .failure(
                ModelError(
                    .overloaded,
                    "more than \(CommandExchange.pendingMax) completions wait for the scoring "
                        + "command"))
        }
        return .success(id)
    }
}

/// How the kind `command` is served: the subprocess.
package struct CommandAdapter: ScorerAdapter {
    /// Program and arguments.
    package var argv: [String]
    /// Environment variables, besides those of this process.
    package var environment: [String: String] = [:]
    /// The folder that it runs in; `nil` is the current one.
    package var workingDirectory: String?
    /// Whether it begins with a line of facts about itself, which is to be waited for.
    package var announcesFacts = false

    /// Takes program and arguments.
    package init(_ argv: [String] = []) {
        self.argv = argv
    }

    /// None is part of the identity.
    package static let keys = [
        ScorerKey("command", of: [.command], isRequired: true),
        ScorerKey("environment", of: [.command]),
        ScorerKey("directory", of: [.command]),
        ScorerKey("announces_facts", of: [.command]),
    ]

    /// Always `command`.
    package var kind: ScorerSpec.Kind.Name { .command }

    /// Reads its keys. A relative program with a slash is one of `directory`.
    package static func read(
        _ kind: ScorerSpec.Kind.Name, from section: some ScorerSection
    ) -> ScorerReading {
        let directory =
            section.filePath(
                "directory", "for kind command: its folder", example: ".",
                absent: "the folder of this file") ?? section.folder
        var adapter = CommandAdapter(
            section.texts(
                "command",
                "for kind command, which needs it: a program that reads and writes JSON Lines",
                example: "[python3, score.py]") ?? [])
        if let program = adapter.argv.first, program.contains("/"), !program.hasPrefix("/") {
            adapter.argv[0] = "\(directory)/\(program)"
        }
        adapter.environment =
            section.names(
                "environment", "for kind command: variables added to the environment",
                example: "{MODE: strict}") ?? [:]
        adapter.workingDirectory = directory
        adapter.announcesFacts = section.flag(
            "announces_facts", default: false,
            """
            for kind command: wait for its first line, {"facts": …}, and make the facts part of \
            the fingerprint
            """,
            presence: .off)
        return ScorerReading(.command, adapter)
    }

    /// The process is told all of it.
    package static func metadataUse(
        of kind: ScorerSpec.Kind
    ) throws(ModelError) -> MetadataUse { .all }

    /// The subprocess, which does not run yet.
    package func backend(
        at endpoint: ScorerEndpoint, _ agreed: AgreedFacts
    ) throws(ModelError) -> any ScorerBackend {
        CommandBackend(command: try CommandScorer(self, endpoint: endpoint))
    }
}

private struct CommandBackend: ScorerBackend {
    let command: CommandScorer

    var commands: [CommandScorer] { [command] }

    func scorer(_ spec: ScorerSpec) throws(ModelError) -> any Scorer { command }

    func fingerprint() async throws(ModelError) -> Fingerprint {
        try await command.fingerprint()
    }
}
