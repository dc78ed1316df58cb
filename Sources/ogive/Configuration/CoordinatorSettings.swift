internal import Logging
internal import OgiveCore
internal import OgiveTransport

/// The coordinator's settings: the section `coordinator`.
struct CoordinatorSettings: Hashable, Sendable {
    /// The address that workers connect to: `tcp://127.0.0.1:PORT` (`*`: a free one) or
    /// `ipc://PATH`.
    var listen: String
    /// Whether the file says so; otherwise `ogive run` takes a private socket.
    var isListenGiven: Bool
    /// The file with the coordinator's secret key; `nil`: no keys.
    var key: String?
    /// The folder with the public keys of the workers that may connect.
    var authorizedKeys: String?
    /// The file in which it keeps its address while it leads; `nil`: none.
    var addressFile: String?
    /// How often the database is asked for new runs.
    var pollInterval: Duration
    /// Longest time for results to land after SIGTERM.
    var drainTimeout: Duration
    /// After how long without a renewal another coordinator may lead.
    var termExpiry: Duration
    /// How often the term is renewed.
    var renewInterval: Duration
    /// Whether the file says either; otherwise `ogive run` takes shorter ones.
    var isExpiryGiven: Bool
    /// Where metrics and health are served; `nil`: nowhere.
    var http: HTTPSettings?
    /// Bounds and intervals of the scheduler.
    var limits: SchedulerLimits

    /// Reads the section.
    init(from section: ConfigurationSection) {
        listen = section.text(
            "listen", default: "tcp://127.0.0.1:7077",
            "tcp://HOST:PORT (PORT `*`: a free one) or ipc://PATH")
        isListenGiven = section.has("listen")
        key = section.filePath(
            "key",
            """
            its secret key, from `ogive keys new`; needed for addresses that other machines can \
            reach
            """,
            example: "/etc/ogive/coordinator.key")
        authorizedKeys = section.filePath(
            "authorized_keys",
            """
            folder of NAME.pub files: the workers that may connect; Ogive reads it again when it \
            changes
            """,
            example: "/etc/ogive/authorized")
        addressFile = section.filePath(
            "address_file",
            "the leader writes its address and public key here; workers: connect: file:PATH",
            example: "/shared/ogive/coordinator.address")
        pollInterval = section.duration(
            "poll_interval", default: .seconds(1), in: .milliseconds(50)...(.seconds(600)),
            "how often the coordinator looks for new runs in the database")
        drainTimeout = section.duration(
            "drain_timeout", default: .seconds(20), in: .zero...(.seconds(86_400)),
            "longest time for results to land after SIGTERM")
        isExpiryGiven = section.has("term_expiry") || section.has("renew_interval")
        termExpiry = section.duration(
            "term_expiry", default: .seconds(15), in: .seconds(1)...(.seconds(3600)),
            "this long after the last renewal, another coordinator may lead")
        renewInterval = section.duration(
            "renew_interval", default: .seconds(2), in: .milliseconds(100)...(.seconds(600)),
            "how often the leader renews its term, at most a fifth of term_expiry")
        http = section.http(port: 9464)
        limits = SchedulerLimits(from: section)
        if termExpiry < renewInterval * Term.renewals {
            section.report(
                "term_expiry", "must be at least five times renew_interval",
                hint: "otherwise one late renewal stops the granting of work")
        }
        section.checkAddress("listen", listen)
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
            in: .milliseconds(50)...(.seconds(300)), "how often each side gives a sign of life")
        silenceMax = section.duration(
            "silence_max", default: silenceMax, in: .milliseconds(100)...(.seconds(3600)),
            "silence after which a worker counts as lost, at least three heartbeats")
        leaseDuration = section.duration(
            "lease_duration", default: leaseDuration, in: .seconds(1)...(.seconds(864_000)),
            "longest time from the grant of a task to its result")
        drawsPerTask = section.integer(
            "draws_per_task", default: drawsPerTask, in: 1...4096, "most draws of one task")
        attemptsMax = section.integer(
            "attempts_max", default: attemptsMax, in: 1...100,
            "a task whose workers were lost this often becomes a failure")
        creditMax = section.integer(
            "credit_max", default: creditMax, in: 1...1_000_000,
            "most tasks of one worker, whatever it asks for")
        section.section(
            "landing", "how the coordinator commits results: one transaction a batch"
        ) { landing in
            landingItems = landing.integer(
                "batch", default: landingItems, in: 1...1_000_000, "most items of a batch")
            landingDelay = landing.duration(
                "interval", default: landingDelay, in: .milliseconds(1)...(.seconds(60)),
                "longest wait before a smaller batch is committed")
            landingsMax = landing.integer(
                "parallel", default: landingsMax, in: 1...64,
                "most batches on their way at once")
        }
        section.section(
            "window", "how much the coordinator keeps in memory, whatever the size of the run"
        ) { window in
            windowItems = window.integer(
                "items", default: windowItems, in: 1...10_000_000,
                "most draws of one run; reading from the database stops there")
            pagePrompts = window.integer(
                "page_prompts", default: pagePrompts, in: 1...100_000,
                "most prompts read at a time")
            inFlightItemsMax = window.integer(
                "in_flight_items", default: inFlightItemsMax, in: 1...100_000_000,
                "most draws handed out or waiting for their commit, over all runs")
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

    /// Reports an address that is neither TCP nor IPC; `orFile`: nor `file:PATH`.
    func checkAddress(_ key: String, _ address: String, orFile: Bool = false) {
        let isTCP = address.hasPrefix("tcp://") && address.dropFirst(6).contains(":")
        let isIPC = address.hasPrefix("ipc://") && address.count > 6
        let isFile =
            orFile && address.hasPrefix(CoordinatorPlace.filePrefix)
            && address != CoordinatorPlace.filePrefix
        guard !isTCP, !isIPC, !isFile else { return }
        let forms =
            orFile
            ? "tcp://HOST:PORT, ipc://PATH or file:PATH" : "tcp://HOST:PORT or ipc://PATH"
        report(key, "must be \(forms), not \(quoted(key, address))")
    }
}

extension CoordinatorSettings {
    /// The coordinator's keys, read now; `nil` when none are configured. Throws `TransportError`.
    func security(_ logger: Logger) throws(TransportError) -> CoordinatorSecurity? {
        guard let key, let authorizedKeys else { return nil }
        return CoordinatorSecurity(
            pair: try KeyFile.pair(key),
            authorized: try AuthorizedKeys(folder: authorizedKeys, logger: logger))
    }
}
