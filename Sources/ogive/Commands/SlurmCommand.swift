internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc
internal import OgiveCore
internal import OgiveStore
internal import OgiveTransport
internal import OgiveWorker

/// `ogive slurm CONFIG`: places a run on a Slurm cluster.
struct SlurmCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "slurm",
        abstract: "Place a run on a Slurm cluster: a coordinator, and workers as there is work.",
        discussion: """
            Writes scripts for sbatch into `slurm.folder`, makes keys where the
            configuration has none, and submits the coordinator's job. That job submits
            worker jobs while draws of their policy are pending, within
            `slurm.workers_min` and `slurm.workers`; a worker without work ends, so that
            its GPUs go back. With `slurm.chain` several coordinator jobs follow each
            other until the run is finished.

            Examples:
              ogive slurm mine.yaml --dry-run     (prints the scripts, submits nothing)
              ogive slurm mine.yaml
              ogive slurm mine.yaml --status
              ogive slurm mine.yaml --cancel      (drains: what is under way is finished)
              ogive slurm mine.yaml --nodes 4     (one job for everything)
            """)

    @OptionGroup var file: ConfigurationArgument

    @Flag(help: "Print scripts and commands; write and submit nothing.")
    var dryRun = false

    @Flag(help: "Show the run's jobs.")
    var status = false

    @Flag(help: "Remove waiting jobs, and let the others drain: the workers first.")
    var cancel = false

    @Flag(help: "Submit or remove worker jobs, by what is pending: the coordinator does.")
    var scale = false

    @Option(help: "Submit so many worker jobs now, whatever is pending.")
    var workers: Int?

    @Option(help: "Submit one job on so many nodes: `ogive run` on the first, a worker on others.")
    var nodes: Int?

    @Flag(help: "With --status: print one JSON object.")
    var json = false

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    func validate() throws {
        let chosen = [status, cancel, scale, workers != nil, nodes != nil]
        guard chosen.count(where: \.self) <= 1 else {
            throw ValidationError(
                "Give one of --status, --cancel, --scale, --workers and --nodes.")
        }
        if dryRun, status || cancel || scale {
            throw ValidationError("--dry-run is for what submits jobs.")
        }
        if json, !status { throw ValidationError("--json is for --status.") }
        for number in [workers, nodes].compactMap(\.self) where !(1...1000).contains(number) {
            throw ValidationError("Give a number in 1…1000.")
        }
    }

    func run() async throws {
        let file = try self.file.file()
        let configuration = try file.load()
        let scripts = try SlurmScripts(configuration, file)
        let fleet = SlurmFleet(configuration, scripts)
        if status { return try await show(fleet) }
        if cancel { return try await fleet.cancel() }
        if scale { return try await fleet.scale() }
        let roles = roles
        if dryRun {
            for role in roles {
                Output.show(text: "# \(scripts.path(role))\n")
                Output.show(text: scripts.text(role, nodes: nodes ?? 1) + "\n")
            }
            return
        }
        try fleet.prepare(roles, nodes: nodes ?? 1)
        if let workers {
            let id = try await fleet.queue.submit(.worker, ["--array=1-\(workers)"])
            return Output.show("submitted \(NumberText.count(workers, "worker")): job \(id)")
        }
        if nodes != nil {
            return Output.show("submitted job \(try await fleet.queue.submit(.allocation))")
        }
        switch scripts.settings.coordinator {
        case .job: try await fleet.submitChain()
        case .here: try fleet.becomeCoordinator()
        case .elsewhere: try await fleet.scale()
        }
        Output.show(
            file.completing(
                "look at it with `ogive slurm --status`; end it with `ogive slurm --cancel`"),
            on: STDERR_FILENO)
    }

    /// The scripts that are needed.
    private var roles: [SlurmScripts.Role] {
        if nodes != nil { return [.allocation] }
        return workers != nil ? [.worker] : [.coordinator, .worker]
    }

    private func show(_ fleet: SlurmFleet) async throws {
        let jobs = try await fleet.queue.jobs()
        guard !json else {
            return Output.show(ExactJSON.output(["jobs": .array(jobs.map(\.json))]).json)
        }
        guard !jobs.isEmpty else { return Output.show("the run has no jobs") }
        var table = TextTable(["JOB", "NAME", "STATE", "RUNS FOR", "LEFT", "NODE OR REASON"])
        for job in jobs {
            table.add([job.id, job.name, job.state, job.time, job.left, job.place])
        }
        Output.show(table.lines())
    }
}

/// The jobs of a run, and what is done about them.
struct SlurmFleet {
    /// The queue.
    let queue: SlurmQueue
    private let configuration: Configuration
    private let scripts: SlurmScripts

    init(_ configuration: Configuration, _ scripts: SlurmScripts) {
        self.configuration = configuration
        self.scripts = scripts
        queue = SlurmQueue(scripts: scripts)
    }

    private var settings: SlurmSettings { scripts.settings }
    /// While it is there, no workers are submitted.
    private var cancelMark: String { "\(settings.folder)/cancelled" }

    /// How often the queue is looked at while jobs drain.
    private static let period = Duration.seconds(2)

    // MARK: - Submitting

    /// Writes the scripts, and keys where there are none. Throws `.unavailable` when the folder
    /// cannot be written.
    func prepare(_ roles: [SlurmScripts.Role], nodes: Int) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: "\(settings.folder)/log", withIntermediateDirectories: true)
            for role in roles {
                try Data(scripts.text(role, nodes: nodes).utf8).write(
                    to: URL(filePath: scripts.path(role)), options: .atomic)
            }
            if FileManager.default.fileExists(atPath: cancelMark) {
                try FileManager.default.removeItem(atPath: cancelMark)
            }
        } catch {
            throw CommandError(
                .unavailable, "cannot write to \(settings.folder), which `slurm.folder` names",
                cause: "\(error)")
        }
        if !scripts.hasKeys { try makeKeys() }
    }

    private func makeKeys() throws {
        let folder = scripts.keyFolder
        guard !FileManager.default.fileExists(atPath: "\(folder)/worker.key") else { return }
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        _ = try KeyFile.write(try KeyPair.generate(name: "coordinator"), in: folder)
        let worker = try KeyPair.generate(name: "worker")
        try KeyFolder("\(folder)/authorized").authorize(worker.publicKey, name: "worker")
        // Last: with it, nothing is missing.
        _ = try KeyFile.write(worker, in: folder)
    }

    /// Submits the coordinator's jobs, each of which begins when the one before it ended without
    /// having finished the run. Once one finished it, Slurm removes the others; for that each names
    /// all before it, because a job that was removed did not end well either.
    func submitChain() async throws {
        var former: [String] = []
        for number in 1...settings.chain {
            let ids = former.joined(separator: ":")
            let options =
                former.isEmpty
                ? [] : ["--dependency=afternotok:\(ids)", "--kill-on-invalid-dep=yes"]
            let id = try await queue.submit(.coordinator, options)
            let place = settings.chain > 1 ? " (\(number) of \(settings.chain))" : ""
            Output.show("submitted the coordinator\(place): job \(id)")
            former.append(id)
        }
    }

    /// Replaces this process by the coordinator's script. Throws `.unavailable` when it cannot be
    /// started.
    func becomeCoordinator() throws(CommandError) {
        let arguments = ["bash", scripts.path(.coordinator)]
        // Each pointer comes from strdup; the process that owns them is replaced, or ends.
        var pointers = unsafe arguments.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        // Sound: a terminated array of terminated texts, live during the call.
        _ = unsafe execv("/bin/bash", &pointers)
        throw CommandError(.unavailable, "/bin/bash cannot be started")
    }

    // MARK: - Scaling

    /// Submits workers when more are worth having, and removes waiting ones that are not.
    func scale() async throws {
        guard !FileManager.default.fileExists(atPath: cancelMark) else { return }
        // The coordinator makes it, perhaps just now.
        guard configuration.database?.isPresent != false else { return }
        let pending: Int = try await DatabaseSession.withStore(configuration) { store, _ in
            try await self.pending(store)
        }
        let jobs = try await queue.jobs([.worker])
        let waiting = jobs.filter(\.isWaiting)
        let scale = WorkerScale(
            bounds: settings.workersMin...settings.workersMax,
            itemsPerWorker: settings.drawsPerWorker)
        let change = scale.change(
            pending: pending, waiting: waiting.count, running: jobs.count - waiting.count)
        if change.submit > 0 {
            let id = try await queue.submit(.worker, ["--array=1-\(change.submit)"])
            let count = NumberText.count(pending)
            let workers = NumberText.count(change.submit, "worker")
            Output.show("\(count) pending: submitted \(workers), job \(id)")
        } else if change.cancel > 0 {
            try await queue.cancel(Array(waiting.suffix(change.cancel)))
            Output.show(
                "\(NumberText.count(pending)) pending: removed "
                    + NumberText.count(change.cancel, "waiting worker"))
        }
    }

    /// Items that are pending for the policy and the scorer that this file's workers serve.
    private func pending(_ store: PostgresStore) async throws -> Int {
        var sum = 0
        for work in try await store.pendingWork() {
            let spec = try await store.run(named: work.run).spec
            guard spec.scoring.scorer == configuration.scorer?.spec else { continue }
            if let policy = configuration.policy, policy.spec != spec.scoring.sampling.policy {
                continue
            }
            sum += work.items
        }
        return sum
    }

    // MARK: - Ending

    /// Removes what waits, lets the workers drain, and then the coordinator, which commits what
    /// they finished.
    func cancel() async throws {
        do {
            try Data().write(to: URL(filePath: cancelMark))
        } catch {
            throw CommandError(
                .unavailable, "cannot write to \(settings.folder): was the run ever submitted?",
                cause: "\(error)")
        }
        let jobs = try await queue.jobs()
        try await queue.cancel(jobs.filter(\.isWaiting))
        let workers = jobs.filter { !$0.isWaiting && $0.name == scripts.jobName(.worker) }
        try await queue.drain(workers)
        Output.show(NumberText.count(jobs.count(where: \.isWaiting), "waiting job") + " removed")
        if !workers.isEmpty {
            Output.show(NumberText.count(workers.count, "worker", "drains", "drain"))
            try await wait(for: .worker)
        }
        let others = try await queue.jobs([.coordinator, .allocation])
        try await queue.cancel(others.filter(\.isWaiting))
        try await queue.drain(others.filter { !$0.isWaiting })
        Output.show("the coordinator drains; what has landed stays")
    }

    /// Waits until no job of a role runs, or its drain took longer than it may.
    private func wait(for role: SlurmScripts.Role) async throws {
        let most = configuration.worker.work.limits.drainGrace + .seconds(30)
        let begun = ContinuousClock.now
        while try await queue.jobs([role]).contains(where: { !$0.isWaiting }) {
            guard ContinuousClock.now - begun < most else {
                Output.warn("workers still run after \(DurationText.format(most))\n")
                return
            }
            try await Task.sleep(for: Self.period)
        }
    }
}
