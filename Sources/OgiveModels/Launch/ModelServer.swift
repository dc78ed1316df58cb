internal import AsyncHTTPClient
internal import Glibc
internal import NIOCore
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

    /// How often health and life are looked at.
    private static let period = Duration.milliseconds(50)

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
                    try await Task.sleep(for: Self.period, clock: .continuous)
                } catch {
                    throw ModelError(.timeout, "waiting for the server at \(url) was cancelled")
                }
            }
        }
    }

    /// One life of the server; returns when the task is cancelled and the server has ended.
    private func session() async throws(ModelError) {
        let log = try ServerLog(path: spec.logFile)
        let lifeline = try Lifeline()
        let process = try SpawnedProcess.start(
            command, environment: spec.environment, input: lifeline.readEnd,
            output: log.descriptor)
        let started = ContinuousClock.now
        var isHealthy = false
        while !Task.isCancelled {
            if let end = process.end() {
                process.reap()
                throw failure("\(end)\(isHealthy ? "" : " before it was healthy")", log.tail())
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
            try? await Task.sleep(for: Self.period, clock: .continuous)
        }
        await stop(process)
    }

    /// Ends the server, also when the task is cancelled: SIGTERM, then SIGKILL after the grace
    /// period. The supervisor gets a little longer, to do the same with the server.
    private func stop(_ process: SpawnedProcess) async {
        process.signal(SIGTERM)
        let grace = spec.grace + (supervisor.isEmpty ? .zero : .seconds(2))
        let deadline = ContinuousClock.now + grace
        while process.end() == nil {
            if ContinuousClock.now >= deadline { process.signal(SIGKILL) }
            await Self.pause()
        }
        process.reap()
    }

    /// Waits a period even when the task is cancelled.
    private static func pause() async {
        await withCheckedContinuation { continuation in
            let loop = HTTPClient.defaultEventLoopGroup.any()
            loop.scheduleTask(in: TimeAmount(period)) { continuation.resume() }
        }
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
        let server = spec.argv.map { $0.replacing("{port}", with: "\(port)") }
        guard let folder = spec.workingDirectory else { return supervisor + server }
        // The shell only changes the folder; the supervisor's own path may be a relative one.
        return supervisor + ["/bin/sh", "-c", #"cd "$1" && shift && exec "$@""#, "sh", folder]
            + server
    }

    private func failure(_ how: String, _ tail: String) -> ModelError {
        ModelError(
            .processDied,
            "the model server `\(spec.argv.joined(separator: " "))` at \(url) \(how); \(tail)")
    }
}
