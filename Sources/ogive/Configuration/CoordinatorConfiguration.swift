/// The coordinator's settings: the section `coordinator`.
struct CoordinatorConfiguration: Hashable, Sendable {
    /// The endpoint that workers connect to: `tcp://127.0.0.1:PORT` (`*`: a free one) or
    /// `ipc://PATH`.
    var listen: String
    /// How often workers are expected to be heard.
    var heartbeatInterval: Duration
    /// Silence after which a worker counts as lost.
    var silenceMax: Duration
    /// Longest time from the grant of a task to its result.
    var leaseDuration: Duration
    /// Most draws of one task.
    var drawsPerTask: Int
    /// How often the database is asked for new runs.
    var pollInterval: Duration
    /// How results are committed.
    var landing: Landing
    /// How much is kept in memory.
    var window: Window

    /// How results are committed: `coordinator.landing`.
    struct Landing: Hashable, Sendable {
        /// Most items of a transaction.
        var batch: Int
        /// Most bytes of text of a transaction.
        var bytes: Int
        /// Longest wait before a smaller batch is committed.
        var interval: Duration

        /// Reads the section.
        init(from section: ConfigurationSection) {
            batch = section.integer("batch", default: 4096, in: 1...1_000_000)
            bytes = section.byteCount("bytes", default: 16 << 20, in: 1024...(1 << 30))
            interval = section.duration(
                "interval", default: .milliseconds(50), in: .milliseconds(1)...(.seconds(60)))
        }
    }

    /// How much is kept in memory: `coordinator.window`.
    struct Window: Hashable, Sendable {
        /// Pending prompts of one page read from the database.
        var pagePrompts: Int
        /// Pending items of one page.
        var pageItems: Int
        /// Pending items of a run below which its next page is read.
        var lowWater: Int
        /// Results that wait for their commit; at the bound, granting pauses.
        var results: Int

        /// Reads the section.
        init(from section: ConfigurationSection) {
            pagePrompts = section.integer("page_prompts", default: 1000, in: 1...100_000)
            pageItems = section.integer("page_items", default: 20_000, in: 1...10_000_000)
            lowWater = section.integer("low_water", default: 10_000, in: 1...10_000_000)
            results = section.integer("results", default: 50_000, in: 1...10_000_000)
        }
    }

    /// Reads the section.
    init(from section: ConfigurationSection) {
        listen = section.text("listen") ?? "tcp://127.0.0.1:7077"
        heartbeatInterval = section.duration(
            "heartbeat_interval", default: .seconds(5), in: .milliseconds(50)...(.seconds(300)))
        silenceMax = section.duration(
            "silence_max", default: .seconds(20), in: .milliseconds(100)...(.seconds(3600)))
        leaseDuration = section.duration(
            "lease_duration", default: .seconds(1800), in: .seconds(1)...(.seconds(864_000)))
        drawsPerTask = section.integer("draws_per_task", default: 32, in: 1...4096)
        pollInterval = section.duration(
            "poll_interval", default: .seconds(2), in: .milliseconds(50)...(.seconds(600)))
        landing = section.section("landing", Landing.init(from:))
        window = section.section("window", Window.init(from:))
        section.checkEndpoint("listen", listen)
        if silenceMax < heartbeatInterval * 3 {
            section.report(
                "silence_max", "must be at least three times heartbeat_interval",
                hint: "otherwise one late message costs a worker its leases")
        }
    }
}

extension ConfigurationSection {
    /// Reports an endpoint that is neither TCP nor IPC.
    func checkEndpoint(_ key: String, _ endpoint: String) {
        let isTCP = endpoint.hasPrefix("tcp://") && endpoint.dropFirst(6).contains(":")
        let isIPC = endpoint.hasPrefix("ipc://") && endpoint.count > 6
        if !isTCP, !isIPC {
            report(
                key, "must be tcp://HOST:PORT or ipc://PATH, not \(quoted(key, endpoint))")
        }
    }
}
