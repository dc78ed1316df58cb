internal import OgiveCore

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
    func limit(of limits: EndpointLimits, now: Instant) -> ConcurrencyLimit {
        let most = min(most, max(1, limits.concurrency ?? most))
        return ConcurrencyLimit(
            bounds: min(least, most)...most, initial: Self.first,
            latencyMax: limits.requestTimeout.map { $0 / 2 }, now: now)
    }
}
