internal import OgiveCore
internal import OgiveModels
internal import OgiveTransport
internal import OgiveWorker

/// The worker's settings: the section `worker`.
struct WorkerSettings: Hashable, Sendable {
    /// How many worker processes `ogive run` starts.
    var processes: Int
    /// The coordinators' addresses, of which one leads, or `file:PATH` of files with such; `nil`:
    /// where `coordinator.listen` says.
    var connect: [String]?
    /// When the machine is taken away, by its wall clock: a date and time with its zone.
    var endTime: String?
    /// The name in `ogive status`; `nil`: host and process id.
    var name: String?
    /// The file with the worker's secret key; `nil`: no keys.
    var key: String?
    /// Public keys of the coordinator: files, or 64 hexadecimal digits.
    var coordinatorKeys: [String]
    /// Where metrics and health are served; `nil`: nowhere.
    var http: HTTPSettings?
    /// How the worker uses its machine and its servers; without its name and its batches.
    var work = WorkerConfiguration(name: "", version: ProgramVersion.text)

    /// The bounds of `auto`, where none are given.
    static let autoConcurrency = 2...256

    /// Reads the section.
    init(from section: ConfigurationSection) {
        processes = section.integer(
            "processes", default: 1, in: 1...256, "worker processes that `ogive run` starts")
        connect = section.texts(
            "connect",
            """
            the coordinator's address, file:PATH of its address_file, or a list of which one leads
            """,
            example: "tcp://127.0.0.1:7077", absent: "coordinator.listen"
        ).map { $0.map(section.resolvedPlace) }
        work.connectMax = section.duration(
            "connect_timeout", default: work.connectMax,
            in: .milliseconds(100)...(.seconds(600)),
            "longest silence of one address before the worker tries the next")
        endTime = section.text(
            "end_time", "when the machine goes away", example: "2099-12-31T18:00:00Z",
            absent: "$SLURM_JOB_END_TIME, else what squeue says of a Slurm job, else never")
        name = section.text(
            "name", "the name in `ogive status`", example: "reference-worker",
            absent: "host and process id")
        key = section.filePath(
            "key", "its secret key, one for each worker or machine",
            example: "/etc/ogive/worker.key")
        coordinatorKeys = section.coordinatorKeys(
            "coordinator_key",
            "the coordinator's public key: a file, 64 digits, or a list of them",
            example: "/etc/ogive/coordinator.pub")
        // A file that holds an address holds the coordinator's key, too.
        let hasFile = connect?.contains { $0.hasPrefix(CoordinatorPlace.filePrefix) } ?? false
        if !hasFile || key == nil {
            section.checkBoth("key", key != nil, "coordinator_key", !coordinatorKeys.isEmpty)
        }
        http = section.http(port: 9465)
        if let http, http.override(forWorker: processes) == nil {
            section.report(
                "processes", "is \(processes), and each needs a port from that of \(http.key) on",
                hint: "choose a lower port there")
        }
        work.sampleConcurrency = section.concurrency(
            "sample_concurrency", default: .auto(Self.autoConcurrency), shown: .string("auto"),
            """
            tasks that sample at once; auto, which is auto(2..256), finds how many fill the servers
            """
        )
        work.scoreConcurrency = section.concurrency(
            "score_concurrency", default: 2, shown: .number("2"),
            "batches that are scored at once")
        work.prefetch = section.integer(
            "prefetch", default: work.prefetch, in: 0...4096,
            "tasks that wait in the worker, so that no slot is idle; with auto a quarter of the "
                + "slots, if that is more")
        work.attemptsMax = section.integer(
            "attempts_max", default: work.attemptsMax, in: 1...100,
            "most attempts of a request to a server")
        work.outageMax = section.duration(
            "outage_timeout", default: work.outageMax, in: .seconds(1)...(.seconds(864_000)),
            "longest outage of the model servers")
        work.limits = WorkerLimits(from: section)
        for address in connect ?? [] { section.checkAddress("connect", address, orFile: true) }
        if connect?.isEmpty == true { section.report("connect", "must name an address") }
        if let endTime, WorkerEndTime.date(endTime) == nil {
            section.report(
                "end_time", "must be a date and time, not `\(endTime)`",
                hint: "write for example 2026-11-30T18:00:00Z")
        }
    }

    /// The settings as the worker takes them. `batch`: completions handed to the scorer together.
    func configuration(name fallback: String, batch: Int) -> WorkerConfiguration {
        var configuration = work
        configuration.name = name ?? fallback
        configuration.scoreBatch = batch
        return configuration
    }
}

extension ConfigurationSection {
    /// A place of a coordinator; the path of a file belongs to the configuration's folder.
    fileprivate func resolvedPlace(_ text: String) -> String {
        guard case .file(let file) = CoordinatorPlace(text), !file.path.isEmpty else { return text }
        return CoordinatorPlace.filePrefix + reading.resolve(file.path)
    }

    /// Public keys: digits as they are, anything else as a path.
    func coordinatorKeys(_ key: String, _ about: String, example: String) -> [String] {
        (texts(key, about, example: example) ?? []).map { text in
            if text.isEmpty { report(key, "must not be empty") }
            return PublicKey(text) == nil ? reading.resolve(text) : text
        }
    }

    /// A number of requests at once, `auto`, or `auto(LEAST..MOST)`.
    /// `shown` is how a file writes the default.
    fileprivate func concurrency(
        _ key: String, default value: Concurrency, shown: ExactJSON, _ about: String
    ) -> Concurrency {
        let range = 1...4096
        let form = TextForm(
            pattern: #"^auto(\([0-9]{1,4}\.\.[0-9]{1,4}\))?$|^[0-9]+$|"# + TextForm.variable,
            integers: range, bounds: "1…4096, auto or auto(LEAST..MOST)")
        let declaration = KeyDeclaration(
            name: key, type: .form(form), about: about, standard: shown, presence: .on)
        guard let text = text(of: declaration) else { return value }
        if let number = Int(text), range.contains(number) { return .fixed(number) }
        if text == "auto" { return .auto(WorkerSettings.autoConcurrency) }
        if let match = text.wholeMatch(of: #/auto\((\d{1,4})\.\.(\d{1,4})\)/#),
            let least = Int(match.1), let most = Int(match.2), range.contains(least),
            range.contains(most), least <= most
        {
            return .auto(least...most)
        }
        report(
            key, "must be a whole number in 1…4096 or `auto`, not \(quoted(key, text))",
            hint: "bounds of auto are written `auto(4..512)`")
        return value
    }
}

extension WorkerLimits {
    /// Reads the keys of `worker` that bound the session.
    init(from section: ConfigurationSection) {
        self.init()
        unackedMax = section.integer(
            "unacked_max", default: unackedMax, in: 1...100_000,
            "most tasks whose results wait for their acknowledgement")
        resendAfter = section.duration(
            "resend_after", default: resendAfter, in: .milliseconds(100)...(.seconds(600)),
            "the worker sends a result again after this long without an acknowledgement")
        registrationMax = section.duration(
            "registration_timeout", default: registrationMax,
            in: .milliseconds(100)...(.seconds(86_400)),
            "longest wait for a coordinator's welcome")
        orphanMax = section.duration(
            "orphan_timeout", default: orphanMax, in: .seconds(1)...(.seconds(864_000)),
            "longest silence of a known coordinator; the worker keeps its results until then")
        drainGrace = section.duration(
            "drain_timeout", default: drainGrace, in: .zero...(.seconds(86_400)),
            "longest time to finish and deliver after SIGTERM")
        idleMax = section.duration(
            "idle_timeout", in: .milliseconds(100)...(.seconds(864_000)),
            "a worker that finds no work for this long leaves with exit code 0", example: "10m",
            absent: "never")
    }
}

extension WorkerSettings {
    /// The worker's keys for a coordinator; `nil` when none are configured. Throws
    /// `TransportError`. The coordinator's are read whenever a connection is tried, so that they
    /// may change; where none is configured, the one counts that came with the address.
    func security(for address: CoordinatorAddress) throws(TransportError) -> WorkerSecurity? {
        guard let key else { return nil }
        let references = coordinatorKeys
        return WorkerSecurity(pair: try KeyFile.pair(key)) { () throws(TransportError) in
            if references.isEmpty { return address.key.map { [$0] } ?? [] }
            var keys: [PublicKey] = []
            for reference in references {
                if let key = PublicKey(reference) {
                    keys.append(key)
                } else {
                    keys.append(try KeyFile.publicKey(reference))
                }
            }
            return keys
        }
    }
}
