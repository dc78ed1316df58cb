internal import OgiveCore

/// A job of a run in Slurm's queue.
struct QueuedJob: Hashable, Sendable {
    /// Its name for Slurm's commands.
    let id: String
    /// The name of its script's job.
    let name: String
    /// `PENDING`, `RUNNING` and others.
    let state: String
    /// How long it has been running.
    let time: String
    /// How long it may still run.
    let left: String
    /// Its node, or why it waits.
    let place: String

    /// Whether it was not started yet.
    var isWaiting: Bool { state == "PENDING" || state == "REQUEUED" || state == "REQUEUE_HOLD" }

    /// Reads a line of `SlurmQueue.format`; `nil` for anything else.
    init?(_ line: some StringProtocol) {
        let fields = line.split(
            separator: "|", maxSplits: 5, omittingEmptySubsequences: false
        ).map { String($0) }
        guard fields.count == 6, fields[0].first?.isNumber == true else { return nil }
        (id, name, state) = (fields[0], fields[1], fields[2])
        (time, left, place) = (fields[3], fields[4], fields[5])
    }

    /// For a script.
    var json: ExactJSON {
        .object([
            "job": .string(id), "name": .string(name), "state": .string(state),
            "time": .string(time), "left": .string(left), "place": .string(place),
        ])
    }
}

/// The jobs of a run, and what can be done about them, by Slurm's own commands.
struct SlurmQueue {
    /// The scripts, whose names the jobs have.
    let scripts: SlurmScripts

    /// What `squeue` prints of each job.
    static let format = "%i|%j|%T|%M|%L|%R"

    /// The jobs of these roles that have not ended, each of an array by itself.
    func jobs(_ roles: [SlurmScripts.Role] = SlurmScripts.Role.allCases) async throws
        -> [QueuedJob]
    {
        let names = roles.map(scripts.jobName).joined(separator: ",")
        let user = Environment.current["USER"] ?? Environment.current["LOGNAME"]
        let text = try await SlurmCall(
            "squeue",
            ["--noheader", "--array", "--name", names, "--format", Self.format]
                + (user.map { ["--user", $0] } ?? [])
        ).output()
        return text.split(whereSeparator: \.isNewline).compactMap { QueuedJob($0) }
    }

    /// Submits a script; answers with the job's number. `options` come before the script.
    func submit(_ role: SlurmScripts.Role, _ options: [String] = []) async throws -> String {
        let text = try await SlurmCall(
            "sbatch", ["--parsable"] + options + [scripts.path(role)]
        ).output()
        // With a cluster's name behind it: `12;cluster`.
        let id = text.split { $0 == ";" || $0.isWhitespace }.first ?? ""
        guard Int64(id) != nil else {
            throw CommandError(.unavailable, "sbatch does not say a job's number: '\(id)'")
        }
        return String(id)
    }

    /// Removes jobs that were not started.
    func cancel(_ jobs: [QueuedJob]) async throws {
        guard !jobs.isEmpty else { return }
        _ = try await SlurmCall("scancel", ["--state=PENDING"] + jobs.map(\.id)).output()
    }

    /// Tells jobs that run to drain: the program alone hears it, not what it launched.
    func drain(_ jobs: [QueuedJob]) async throws {
        guard !jobs.isEmpty else { return }
        _ = try await SlurmCall("scancel", ["--batch", "--signal=TERM"] + jobs.map(\.id)).output()
    }
}

/// How many workers there should be, and what to do about it.
struct WorkerScale: Hashable, Sendable {
    /// Fewest while something is pending, and most.
    let bounds: ClosedRange<Int>
    /// Pending items for one worker.
    let itemsPerWorker: Int

    /// The number of workers that are worth having.
    func wanted(pending: Int) -> Int {
        guard pending > 0 else { return 0 }
        let (whole, rest) = pending.quotientAndRemainder(dividingBy: itemsPerWorker)
        return min(max(whole + (rest > 0 ? 1 : 0), bounds.lowerBound), bounds.upperBound)
    }

    /// Jobs to submit, and waiting jobs to remove. A job that runs is left alone: it ends by itself
    /// when it finds no work.
    func change(pending: Int, waiting: Int, running: Int) -> (submit: Int, cancel: Int) {
        let wanted = wanted(pending: pending)
        let present = waiting + running
        return (max(0, wanted - present), min(waiting, max(0, present - wanted)))
    }
}
