internal import OgiveCore
internal import OgiveWorker

/// The worker's settings: the section `worker`.
struct WorkerSettings: Hashable, Sendable {
    /// How many worker processes `ogive run` starts.
    var processes: Int
    /// The coordinator's endpoint; `nil`: where `coordinator.listen` says.
    var connect: String?
    /// The name in `ogive status`; `nil`: host and process id.
    var name: String?
    /// Tasks whose sampling goes on at once.
    var sampleConcurrency: Int
    /// Scoring batches that go on at once.
    var scoreConcurrency: Int
    /// Tasks that wait in the worker, so that no slot runs dry.
    var prefetch: Int
    /// Most attempts of a draw or reward, faults of the server not counted.
    var attemptsMax: Int
    /// Longest outage of the servers before the worker gives up.
    var outageTimeout: Duration
    /// Bounds of the session with the coordinator.
    var limits: WorkerLimits

    /// Reads the section.
    init(from section: ConfigurationSection) {
        processes = section.integer("processes", default: 1, in: 1...256)
        connect = section.text("connect")
        name = section.text("name")
        sampleConcurrency = section.integer("sample_concurrency", default: 8, in: 1...4096)
        scoreConcurrency = section.integer("score_concurrency", default: 2, in: 1...4096)
        prefetch = section.integer("prefetch", default: 8, in: 0...4096)
        attemptsMax = section.integer("attempts_max", default: 5, in: 1...100)
        outageTimeout = section.duration(
            "outage_timeout", default: .seconds(600), in: .seconds(1)...(.seconds(864_000)))
        limits = WorkerLimits(from: section)
        if let connect { section.checkEndpoint("connect", connect) }
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
        configuration.limits = limits
        return configuration
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
