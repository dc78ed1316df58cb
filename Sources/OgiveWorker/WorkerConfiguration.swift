package import OgiveCore

/// How a worker uses its machine and its servers.
package struct WorkerConfiguration: Hashable, Sendable {
    /// Host and process id, for people.
    package var name: String
    /// Version of the program.
    package var version: String
    /// Where it runs, for people.
    package var site = WorkerSite()
    /// Tasks whose sampling goes on at once.
    package var sampleConcurrency: Concurrency = 8
    /// Scoring batches that go on at once.
    package var scoreConcurrency: Concurrency = 2
    /// Most completions handed to the scorer together.
    package var scoreBatch = 64
    /// Tasks that wait in the worker, so that no slot runs dry while a message travels; a quarter
    /// of the slots when that is more.
    package var prefetch = 8
    /// Most events that wait for the session before messages wait in the transport.
    package var eventsMax = 1_024
    /// Most bytes, about, of messages that wait for the session, but for one message alone.
    package var eventBytesMax = 64 << 20
    /// Most events that are handled before the messages that follow from them are sent.
    package var eventsAtOnce = 256
    /// Most attempts of an item that fails for a reason that may pass, faults of the server not
    /// counted.
    package var attemptsMax = 5
    /// The pauses between these attempts.
    package var backOff = BackOff()
    /// How soon a server that does not answer is looked at again at first; the wait doubles.
    package var probeInterval = Duration.seconds(2)
    /// The longest wait, in probe intervals, unless the server asks for a longer one.
    package static let probeIntervalsMax = 15
    /// The worker gives up when its servers were away for this long.
    package var outageMax = Duration.seconds(600)
    /// How long an address without a coordinator is tried before the next one, and up to half as
    /// long again, so that workers do not move together.
    package var connectMax = Duration.seconds(3)
    /// Where a coordinator is looked for, and which setting says so, for people.
    package var coordinators = "the address that it was given"
    /// How long a worker waits for a coordinator before it says so.
    package var announceAfter = Duration.seconds(3)
    /// When the machine is taken away, from the start; `nil` when that is not known.
    package var endsIn: Duration?
    /// Bounds of the session; `leasesMax` follows from the fields above.
    package var limits = WorkerLimits()

    /// Names a worker.
    package init(name: String, version: String) {
        self.name = name
        self.version = version
    }

    /// The bounds of the session: leases being sampled, being scored and waiting.
    var sessionLimits: WorkerLimits {
        var limits = limits
        limits.leasesMax = leases(
            sampling: sampleConcurrency.most, scoring: scoreConcurrency.most)
        return limits
    }

    /// Leases that are wanted at first.
    var firstLeases: Int {
        leases(sampling: sampleConcurrency.initial, scoring: scoreConcurrency.initial)
    }

    /// Leases that so many slots keep busy.
    func leases(sampling: Int, scoring: Int) -> Int {
        sampling + max(prefetch, sampleConcurrency.isAuto ? sampling / 4 : 0) + scoring
    }
}

/// What a worker tells those around it, and hears from them.
package struct WorkerHooks: Sendable {
    /// Called once, when it takes nothing new any more.
    package var draining: @Sendable () -> Void = {}
    /// Returns when servers that it needs died and are not started again, because it drains: what
    /// is unfinished is given back at once.
    package var untilServersAreGone: (@Sendable () async -> Void)?

    /// Nobody listens, and servers are never gone for good.
    package init() {}
}

/// How many requests a stage makes at once: always so many, or as many as fill the servers.
package struct Concurrency: Hashable, Sendable, ExpressibleByIntegerLiteral {
    /// Fewest at once to one server.
    package let least: Int
    /// Most at once.
    package let most: Int

    /// Where the search begins: a small server is not flooded.
    static let first = 8

    /// Finds by itself how many fill a server, within bounds.
    package static func auto(_ bounds: ClosedRange<Int>) -> Concurrency {
        Concurrency(least: max(1, bounds.lowerBound), most: max(1, bounds.upperBound))
    }

    /// Always so many, over all endpoints.
    package static func fixed(_ number: Int) -> Concurrency {
        Concurrency(least: max(1, number), most: max(1, number))
    }

    private init(least: Int, most: Int) {
        self.least = least
        self.most = most
    }

    /// A fixed number.
    package init(integerLiteral number: Int) {
        self = .fixed(number)
    }

    /// Whether it is found by itself.
    package var isAuto: Bool { least < most }

    /// How many a short look at a server makes at once: enough to see about what it can do.
    package var probing: Int { isAuto ? min(max(32, least), most) : most }

    /// The number to begin with.
    var initial: Int { min(max(Self.first, least), most) }

    /// The limit of one endpoint.
    func limit(of limits: EndpointLimits, now: TimePoint) -> ConcurrencyLimit {
        let most = min(most, max(1, limits.concurrency ?? most))
        return ConcurrencyLimit(
            bounds: min(least, most)...most, initial: Self.first,
            latencyMax: limits.requestTimeout.map { $0 / 2 }, now: now)
    }
}
