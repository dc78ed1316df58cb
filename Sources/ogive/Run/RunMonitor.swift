internal import Glibc
internal import OgiveCore
internal import OgiveStore

/// Watches a run in the database and shows its progress until it is finished.
struct RunMonitor {
    /// The run.
    var name: String
    /// The database.
    var store: PostgresStore
    /// Whether progress is shown as JSON lines.
    var showsJSON: Bool

    /// How often the database is asked.
    private static let period = Duration.milliseconds(250)
    /// How long the run may stand without a worker that serves it.
    private static let unservedMax = Duration.seconds(20)

    /// Returns when the run is finished; throws when no worker will serve it.
    func run() async throws {
        let style = TerminalStyle(descriptor: STDERR_FILENO, environment: Environment.current)
        var line = ProgressLine(style: style, json: showsJSON)
        let begun = ContinuousClock.now
        var servedAt = begun
        while true {
            let status: RunStatus
            do {
                status = try await store.runStatus(name)
            } catch let error as StoreError where error.isRetriable {
                try await Task.sleep(for: Self.period)
                continue
            }
            let now = ContinuousClock.now
            let snapshot = Self.snapshot(status)
            if status.isClosed {
                write(line.finish(snapshot, at: now - begun))
                return
            }
            if let text = line.update(snapshot, at: now - begun) { write(text) }
            if now - servedAt > Self.unservedMax {
                try await requireService(&line)
                servedAt = now
            }
            try await Task.sleep(for: Self.period)
        }
    }

    /// Throws when every worker is there but serves no run, with the workers' reasons.
    private func requireService(_ line: inout ProgressLine) async throws {
        let workers = try await store.workers().filter {
            $0.state == "active" || $0.state == "idle"
        }
        guard !workers.isEmpty, workers.allSatisfy({ $0.state == "idle" }) else { return }
        write(line.interrupt())
        let reasons = Set(workers.compactMap(\.note)).sorted().joined(separator: "\n  ")
        throw CommandError(.incomplete, "no worker serves the run:\n  \(reasons)")
    }

    /// How far the run is. Log-probabilities are counted where this run asks for them: others on
    /// the sampling may.
    private static func snapshot(_ status: RunStatus) -> ProgressSnapshot {
        var snapshot = ProgressSnapshot(
            done: status.landed + status.failures, total: status.targetDraws,
            tokens: status.samples ? status.tokens : 0, failures: status.failures,
            cost: status.spending.cost, estimatedCost: status.spending.estimatedCost)
        // A run counts its own: others of the sampling may ask for log-probabilities.
        snapshot.candidateFailures =
            (status.targetCandidates > 0 ? status.candidateFailures : 0)
            + (status.targetLogProbabilities > 0 ? status.logProbabilityFailures : 0)
        snapshot.candidatesTotal = status.targetCandidates + status.targetLogProbabilities
        snapshot.candidatesDone =
            min(status.landedCandidates + status.candidateFailures, status.targetCandidates)
            + min(
                status.landedLogProbabilities + status.logProbabilityFailures,
                status.targetLogProbabilities)
        return snapshot
    }

    private func write(_ text: String) {
        ErrorRendering.write(text, to: showsJSON ? STDOUT_FILENO : STDERR_FILENO)
    }
}
