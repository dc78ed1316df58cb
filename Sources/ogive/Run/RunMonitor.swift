internal import Glibc
internal import OgiveCore
internal import OgiveModels
internal import OgiveStore

/// Watches a run in the database and shows its progress until it is finished.
struct RunMonitor {
    /// The run.
    var name: String
    /// The database.
    var store: PostgresStore
    /// Whether progress is shown as JSON lines.
    var showsJSON: Bool
    /// Notices that launched servers starve; `nil` when nothing is known of their speed.
    var starvation: StarvationWatch?
    /// Whether the run ends when no worker that is there serves it; otherwise others may come.
    var endsUnserved = true

    /// How often the database is asked.
    private static let period = Duration.milliseconds(250)
    /// How often the workers are looked at.
    private static let lookPeriod = Duration.seconds(1)
    /// How long the run may stand without a worker that serves it.
    private static let unservedMax = Duration.seconds(5)

    /// Returns when the run is finished; throws when no worker will serve it.
    func run() async throws {
        let environment = Environment.current
        let style = TerminalStyle(descriptor: STDERR_FILENO, environment: environment)
        var line = ProgressLine(style: style, json: showsJSON)
        var starvation = starvation
        let begun = ContinuousClock.now
        var (lookedAt, servedAt) = (begun, begun)
        while true {
            let status: RunStatus
            let asked = ContinuousClock.now
            do {
                status = try await store.runStatus(name)
            } catch let error as StoreError where error.isRetriable {
                try await Task.sleep(for: Self.period)
                continue
            }
            let now = ContinuousClock.now
            // A window may have another size by now.
            line.style = TerminalStyle(descriptor: STDERR_FILENO, environment: environment)
            let snapshot = Self.snapshot(status)
            if status.isClosed {
                write(line.finish(snapshot, at: now - begun))
                return
            }
            if let text = line.update(snapshot, at: now - begun) { write(text) }
            if let rate = line.drawsPerSecond,
                starvation?.look(
                    rate: rate, missing: snapshot.total - snapshot.done, at: now - begun) == true
            {
                write(line.interrupt())
                Output.show(
                    text: starvation?.message(rate: rate, cores: UsableCores.count) ?? "",
                    on: STDERR_FILENO)
            }
            if endsUnserved, now - lookedAt > Self.lookPeriod {
                lookedAt = now
                let reasons = try await unserved()
                if let reasons, now - servedAt > Self.unservedMax {
                    write(line.interrupt())
                    throw CommandError(.incomplete, "no worker serves run '\(name)':\n  \(reasons)")
                }
                if reasons == nil { servedAt = now }
            }
            // Where other runs share the draws the database counts rows, which takes its time.
            try await Task.sleep(for: max(Self.period, (now - asked) * 4))
        }
    }

    /// The workers' reasons when they are there but serve no run; `nil` while one serves.
    private func unserved() async throws -> String? {
        let workers: [WorkerStatus]
        do throws(StoreError) {
            workers = try await store.workers().filter {
                $0.state == "active" || $0.state == "idle"
            }
        } catch {
            guard error.isRetriable else { throw error }
            return nil
        }
        guard !workers.isEmpty, workers.allSatisfy({ $0.state == "idle" }) else { return nil }
        return Set(workers.compactMap(\.note)).sorted().map(Printable.line)
            .joined(separator: "\n  ")
    }

    /// How far the run is. Log-probabilities are counted where this run asks for them: others on
    /// the sampling may.
    static func snapshot(_ status: RunStatus) -> ProgressSnapshot {
        var snapshot = ProgressSnapshot(
            done: status.landed + status.failures, total: status.targetDraws,
            tokens: status.samples ? status.tokens : 0, failures: status.failures,
            cost: status.spending.cost, estimatedCost: status.spending.estimatedCost)
        snapshot.slotTime = status.slotTime
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
        Output.show(drawn: text, on: showsJSON ? STDOUT_FILENO : STDERR_FILENO)
    }
}

/// Notices a run that goes on far more slowly than its models answered just before it.
///
/// That happens when the servers that Ogive launched, PostgreSQL, and other programs of the machine
/// wait for each other's cores.
struct StarvationWatch {
    /// Draws per second that the preflight measured.
    let expected: Double
    private var slowSince: Duration?
    private var hasWarned = false

    /// Below this share of what was measured a run is slow.
    static let share = 0.25
    /// How long it must have been slow.
    static let patience = Duration.seconds(30)

    /// Begins without knowledge.
    init(expected: Double) {
        self.expected = expected
    }

    /// Takes the present rate, in draws per second, and the draws that are missing, at `time` since
    /// the start. `true` once: when the run was slow for the whole of `patience`.
    mutating func look(rate: Double, missing: Int, at time: Duration) -> Bool {
        // The last draws of a run come slowly: there is not enough left to keep servers busy.
        let isEnding = Double(missing) < expected * (Self.patience / .seconds(1))
        guard rate < expected * Self.share, !isEnding else {
            slowSince = nil
            return false
        }
        let since = slowSince ?? time
        slowSince = since
        guard time - since >= Self.patience, !hasWarned else { return false }
        hasWarned = true
        return true
    }

    /// What is wrong and what to do, when `cores` may be used.
    func message(rate: Double, cores: Int) -> String {
        "warning: the run makes \(NumberText.rate(rate)) draws/s, and the preflight measured "
            + "\(NumberText.rate(expected)): the launched servers seem to starve for this "
            + "machine's \(cores) cores. Give each server that computes on the CPU its share "
            + "(`--threads \"{threads}\"` in `launch.command`), lower `worker.processes`, or stop "
            + "what else computes here; then run the same command again: what has landed is kept\n"
    }
}
