/// The worker's settings: the section `worker`.
struct WorkerConfiguration: Hashable, Sendable {
    /// How many worker processes `ogive run` starts.
    var processes: Int
    /// The coordinator's endpoint; `nil`: where `coordinator.listen` says.
    var connect: String?
    /// The name in `ogive status`; `nil`: host and process id.
    var name: String?
    /// Most tasks in flight.
    var concurrency: Int
    /// Most requests to the policy at a time.
    var sampleConcurrency: Int
    /// Most requests to the scorer at a time.
    var scoreConcurrency: Int
    /// Most attempts of one item at each stage.
    var attemptsMax: Int
    /// Longest wait for the coordinator's welcome.
    var registrationTimeout: Duration
    /// Longest time to finish tasks and deliver results after SIGTERM.
    var drainTimeout: Duration

    /// Reads the section.
    init(from section: ConfigurationSection) {
        processes = section.integer("processes", default: 1, in: 1...256)
        connect = section.text("connect")
        name = section.text("name")
        concurrency = section.integer("concurrency", default: 16, in: 1...4096)
        sampleConcurrency = section.integer("sample_concurrency", default: 8, in: 1...4096)
        scoreConcurrency = section.integer("score_concurrency", default: 2, in: 1...4096)
        attemptsMax = section.integer("attempts_max", default: 5, in: 1...100)
        registrationTimeout = section.duration(
            "registration_timeout", default: .seconds(60), in: .milliseconds(100)...(.seconds(3600))
        )
        drainTimeout = section.duration(
            "drain_timeout", default: .seconds(25), in: .zero...(.seconds(86_400)))
        if let connect { section.checkEndpoint("connect", connect) }
    }
}
