package import OgiveCore
internal import Synchronization

/// A model server that Ogive starts, watches and stops.
///
/// `run()` does the work; `waitUntilHealthy()` is for whoever needs the server.
package final class ModelServer: Sendable {
    /// The server's address.
    package let url: String

    private enum State {
        case starting
        case healthy
        case failed(ModelError)
    }

    private let spec: ModelServerSpec
    private let supervisor: [String]
    private let port: UInt16
    private let http: ModelHTTP
    private let state = Mutex(State.starting)

    /// Chooses a port; starts nothing yet.
    ///
    /// The server is started by `supervisor + argv`: a command that ends the server when its own
    /// standard input closes (`ogive supervise --`, whose body is `ProcessSupervisor.run`), so that
    /// the server does not outlive this process. Empty starts it directly.
    package init(_ spec: ModelServerSpec, supervisor: [String]) throws(ModelError) {
        guard let program = spec.argv.first, !program.isEmpty else {
            throw ModelError(.misconfigured, "`launch` needs a command: program and arguments")
        }
        self.spec = spec
        self.supervisor = supervisor
        port = try FreePort.find()
        url = "http://127.0.0.1:\(port)"
        http = ModelHTTP(
            url: try ModelURL(url), apiKey: nil, requestTimeout: .seconds(5), connections: 1)
    }

    /// Runs the server until the task is cancelled, and again with back-off when it dies after
    /// having been healthy. Throws when it never becomes healthy, or dies too often; the message
    /// ends with its last log lines.
    package func run() async throws(ModelError) {
        let backOff = BackOff()
        var ends = 0
        while !Task.isCancelled {
            do throws(ModelError) {
                try await session()
                return
            } catch {
                let wasHealthy = if case .healthy = state.withLock({ $0 }) { true } else { false }
                ends += 1
                guard wasHealthy, ends <= spec.restartsMax else {
                    state.withLock { $0 = .failed(error) }
                    throw error
                }
                // Cancellation ends the loop.
                try? await Task.sleep(for: backOff.delay(afterFailures: ends), clock: .continuous)
            }
        }
    }

    /// Returns when the server has become healthy; throws what `run()` throws when it does not.
    package func waitUntilHealthy() async throws(ModelError) {
        while true {
            switch state.withLock({ $0 }) {
            case .healthy: return
            case .failed(let error): throw error
            case .starting:
                do {
                    try await Task.sleep(for: SpawnedProcess.period, clock: .continuous)
                } catch {
                    throw ModelError(.timeout, "waiting for the server at \(url) was cancelled")
                }
            }
        }
    }

    /// Returns when the server answers, also after it died and was started again; throws what
    /// `run()` throws when it stays away.
    package func waitUntilAnswering() async throws(ModelError) {
        while true {
            try await waitUntilHealthy()
            if await answersHealth() { return }
            do {
                try await Task.sleep(for: SpawnedProcess.period, clock: .continuous)
            } catch {
                throw ModelError(.timeout, "waiting for the server at \(url) was cancelled")
            }
        }
    }

    /// One life of the server; returns when the task is cancelled and the server has ended.
    private func session() async throws(ModelError) {
        let log = try ServerLog(
            path: spec.logFile, starting: spec.argv.map(filled).joined(separator: " "))
        let lifeline = try Lifeline()
        let process = try SpawnedProcess.start(
            command, environment: spec.environment.mapValues(filled), input: lifeline.readEnd,
            output: log.descriptor)
        let started = ContinuousClock.now
        var isHealthy = false
        while !Task.isCancelled {
            if process.end() != nil {
                let end = await process.waitForEnd()
                let tail = log.tail()
                log.note("it \(end)")
                throw failure("\(end)\(isHealthy ? "" : " before it was healthy")", tail)
            }
            if !isHealthy {
                isHealthy = await answersHealth()
                if isHealthy {
                    state.withLock { $0 = .healthy }
                } else if ContinuousClock.now - started > spec.startTimeout {
                    await stop(process)
                    throw failure("was not healthy within \(spec.startTimeout)", log.tail())
                }
            }
            // Cancellation ends the loop.
            try? await Task.sleep(for: SpawnedProcess.period, clock: .continuous)
        }
        await stop(process)
    }

    /// Ends the server. The supervisor gets a little longer than the grace period, to do the same
    /// with the server.
    private func stop(_ process: SpawnedProcess) async {
        _ = await process.stop(grace: spec.grace + (supervisor.isEmpty ? .zero : .seconds(2)))
    }

    private func answersHealth() async -> Bool {
        do throws(ModelError) {
            _ = try await http.get(spec.healthPath)
            return true
        } catch {
            // Not yet: connection refused, or 503 while the model is loaded.
            return false
        }
    }

    private var command: [String] {
        let server = spec.argv.map(filled)
        guard let folder = spec.workingDirectory else { return supervisor + server }
        // The shell only changes the folder; the supervisor's own path may be a relative one.
        return supervisor + ["/bin/sh", "-c", #"cd "$1" && shift && exec "$@""#, "sh", folder]
            + server
    }

    /// A text with the server's port and threads in it.
    private func filled(_ text: String) -> String {
        text.replacing("{port}", with: "\(port)").replacing("{threads}", with: "\(spec.threads)")
    }

    private func failure(_ how: String, _ tail: String) -> ModelError {
        ModelError(
            .processDied,
            "the model server `\(spec.argv.joined(separator: " "))` at \(url) \(how); \(tail)")
    }
}
