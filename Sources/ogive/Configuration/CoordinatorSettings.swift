internal import OgiveCore

/// The coordinator's settings: the section `coordinator`.
struct CoordinatorSettings: Hashable, Sendable {
    /// The endpoint that workers connect to: `tcp://127.0.0.1:PORT` (`*`: a free one) or
    /// `ipc://PATH`.
    var listen: String
    /// Whether the file says so; otherwise `ogive run` takes a private socket.
    var isListenGiven: Bool
    /// The file with the coordinator's secret key; `nil`: no keys.
    var key: String?
    /// The folder with the public keys of the workers that may connect.
    var authorizedKeys: String?
    /// How often the database is asked for new runs.
    var pollInterval: Duration
    /// Longest time for results to land after SIGTERM.
    var drainTimeout: Duration
    /// After how long without a renewal another coordinator may lead.
    var lease: Duration
    /// How often the lease is renewed.
    var renewInterval: Duration
    /// Whether the file says either; otherwise `ogive run` takes shorter ones.
    var isLeaseGiven: Bool
    /// Bounds and intervals of the scheduler.
    var limits: SchedulerLimits

    /// Reads the section.
    init(from section: ConfigurationSection) {
        let given = section.text("listen")
        listen = given ?? "tcp://127.0.0.1:7077"
        isListenGiven = given != nil
        key = section.filePath("key")
        authorizedKeys = section.filePath("authorized_keys")
        pollInterval = section.duration(
            "poll_interval", default: .seconds(1), in: .milliseconds(50)...(.seconds(600)))
        drainTimeout = section.duration(
            "drain_timeout", default: .seconds(20), in: .zero...(.seconds(86_400)))
        isLeaseGiven = section.has("lease") || section.has("renew_interval")
        lease = section.duration(
            "lease", default: .seconds(15), in: .seconds(1)...(.seconds(3600)))
        renewInterval = section.duration(
            "renew_interval", default: .seconds(3), in: .milliseconds(100)...(.seconds(600)))
        limits = SchedulerLimits(from: section)
        if lease < renewInterval * 3 {
            section.report(
                "lease", "must be at least three times renew_interval",
                hint: "otherwise one late renewal stops the granting of work")
        }
        section.checkEndpoint("listen", listen)
        section.checkBoth("key", key != nil, "authorized_keys", authorizedKeys != nil)
        if limits.silenceMax < limits.heartbeatInterval * 3 {
            section.report(
                "silence_max", "must be at least three times heartbeat_interval",
                hint: "otherwise one late message costs a worker its leases")
        }
    }
}

extension SchedulerLimits {
    /// Reads the keys of `coordinator` that bound the scheduler.
    init(from section: ConfigurationSection) {
        self.init()
        heartbeatInterval = section.duration(
            "heartbeat_interval", default: heartbeatInterval,
            in: .milliseconds(50)...(.seconds(300)))
        silenceMax = section.duration(
            "silence_max", default: silenceMax, in: .milliseconds(100)...(.seconds(3600)))
        leaseDuration = section.duration(
            "lease_duration", default: leaseDuration, in: .seconds(1)...(.seconds(864_000)))
        drawsPerTask = section.integer("draws_per_task", default: drawsPerTask, in: 1...4096)
        attemptsMax = section.integer("attempts_max", default: attemptsMax, in: 1...100)
        creditMax = section.integer("credit_max", default: creditMax, in: 1...1_000_000)
        section.section("landing") { landing in
            landingItems = landing.integer(
                "batch", default: landingItems, in: 1...1_000_000)
            landingDelay = landing.duration(
                "interval", default: landingDelay, in: .milliseconds(1)...(.seconds(60)))
            landingsMax = landing.integer("parallel", default: landingsMax, in: 1...64)
        }
        section.section("window") { window in
            windowItems = window.integer("items", default: windowItems, in: 1...10_000_000)
            pagePrompts = window.integer("page_prompts", default: pagePrompts, in: 1...100_000)
            inFlightItemsMax = window.integer(
                "in_flight_items", default: inFlightItemsMax, in: 1...100_000_000)
        }
    }
}

extension ConfigurationSection {
    /// Reports a key without the other that it needs.
    func checkBoth(_ one: String, _ hasOne: Bool, _ other: String, _ hasOther: Bool) {
        guard hasOne != hasOther else { return }
        let (given, missing) = hasOne ? (one, other) : (other, one)
        report(given, "needs \(path(of: missing)) as well", hint: "see `ogive keys --help`")
    }

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
