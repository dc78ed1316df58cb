internal import OgiveCore
internal import OgiveWorker

/// The worker's settings: the section `worker`.
struct WorkerSettings: Hashable, Sendable {
    /// How many worker processes `ogive run` starts.
    var processes: Int
    /// The coordinators' endpoints, of which one leads; `nil`: where `coordinator.listen` says.
    var connect: [String]?
    /// How long one endpoint may be silent before the next one is tried.
    var connectTimeout: Duration
    /// When the machine is taken away, by its wall clock: a date and time with its zone.
    var endTime: String?
    /// The name in `ogive status`; `nil`: host and process id.
    var name: String?
    /// The file with the worker's secret key; `nil`: no keys.
    var key: String?
    /// Public keys of the coordinator: files, or 64 hexadecimal digits.
    var coordinatorKeys: [String]
    /// Tasks whose sampling goes on at once.
    var sampleConcurrency: Concurrency
    /// Scoring batches that go on at once.
    var scoreConcurrency: Concurrency
    /// Tasks that wait in the worker, so that no slot runs dry.
    var prefetch: Int
    /// Most attempts of a draw or reward, faults of the server not counted.
    var attemptsMax: Int
    /// Longest outage of the servers before the worker gives up.
    var outageTimeout: Duration
    /// Bounds of the session with the coordinator.
    var limits: WorkerLimits

    /// The bounds of `auto`, where none are given.
    static let autoConcurrency = 2...256

    /// Reads the section.
    init(from section: ConfigurationSection) {
        processes = section.integer("processes", default: 1, in: 1...256)
        connect = section.texts("connect")
        connectTimeout = section.duration(
            "connect_timeout", default: .seconds(3), in: .milliseconds(100)...(.seconds(600)))
        endTime = section.text("end_time")
        name = section.text("name")
        key = section.filePath("key")
        coordinatorKeys = section.coordinatorKeys("coordinator_key")
        section.checkBoth("key", key != nil, "coordinator_key", !coordinatorKeys.isEmpty)
        sampleConcurrency = section.concurrency(
            "sample_concurrency", default: .auto(Self.autoConcurrency))
        scoreConcurrency = section.concurrency("score_concurrency", default: 2)
        prefetch = section.integer("prefetch", default: 8, in: 0...4096)
        attemptsMax = section.integer("attempts_max", default: 5, in: 1...100)
        outageTimeout = section.duration(
            "outage_timeout", default: .seconds(600), in: .seconds(1)...(.seconds(864_000)))
        limits = WorkerLimits(from: section)
        for endpoint in connect ?? [] { section.checkEndpoint("connect", endpoint) }
        if connect?.isEmpty == true { section.report("connect", "must name an endpoint") }
        if let endTime, WorkerEndTime.date(endTime) == nil {
            section.report(
                "end_time", "must be a date and time, not `\(endTime)`",
                hint: "write for example 2026-11-30T18:00:00Z")
        }
    }

    /// The settings as the worker takes them. `batch`: completions handed to the scorer together.
    func configuration(
        name fallback: String, version: String, batch: Int
    ) -> WorkerConfiguration {
        var configuration = WorkerConfiguration(
            name: name ?? fallback, version: version)
        configuration.sampleConcurrency = sampleConcurrency
        configuration.scoreConcurrency = scoreConcurrency
        configuration.scoreBatch = batch
        configuration.prefetch = prefetch
        configuration.attemptsMax = attemptsMax
        configuration.outageMax = outageTimeout
        configuration.connectMax = connectTimeout
        configuration.limits = limits
        return configuration
    }
}

extension ConfigurationSection {
    /// A number of requests at once, `auto`, or `auto(LEAST..MOST)`.
    fileprivate func concurrency(_ key: String, default value: Concurrency) -> Concurrency {
        guard let text = text(key) else { return value }
        let range = 1...4096
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
        unackedMax = section.integer("unacked_max", default: unackedMax, in: 1...100_000)
        resendAfter = section.duration(
            "resend_after", default: resendAfter, in: .milliseconds(100)...(.seconds(600)))
        registrationMax = section.duration(
            "registration_timeout", default: registrationMax,
            in: .milliseconds(100)...(.seconds(86_400)))
        orphanMax = section.duration(
            "orphan_timeout", default: orphanMax, in: .seconds(1)...(.seconds(864_000)))
        drainGrace = section.duration(
            "drain_timeout", default: drainGrace, in: .zero...(.seconds(86_400)))
    }
}
