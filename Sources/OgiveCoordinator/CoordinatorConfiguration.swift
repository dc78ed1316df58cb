package import OgiveCore

/// How a coordinator serves its runs.
package struct CoordinatorConfiguration: Hashable, Sendable {
    /// Host and process id, for people.
    package var name: String
    /// Bounds and intervals of the scheduler.
    package var limits = SchedulerLimits()
    /// After how long without a renewal another coordinator may lead.
    package var termExpiry = Duration.seconds(15)
    /// How often the term is renewed: at least five times in its expiry.
    package var renewInterval = Duration.seconds(2)
    /// Whether to wait while another coordinator leads. Otherwise only a dead one's term is
    /// waited for: one that renews its term ends this one.
    package var standsBy = true
    /// The name of the only run that is served; `nil` serves every open one.
    package var onlyRun: String?
    /// How often a coordinator that stands by asks to lead.
    package var standbyInterval = Duration.seconds(1)
    /// How often the database is asked for new, changed and ended runs.
    package var pollInterval = Duration.seconds(1)
    /// How often time alone moves the scheduler.
    package var tickInterval = Duration.milliseconds(20)
    /// Most events that wait for the scheduler before messages wait in the transport, which takes
    /// them from each worker in turn: what waits here is ahead of what a worker says next.
    package var eventsMax = 1_024
    /// Most bytes, about, of messages that wait for the scheduler, but for one message alone.
    package var eventBytesMax = 64 << 20
    /// Most events that are handled before the messages that follow from them are sent.
    package var eventsAtOnce = 256
    /// When draining, how long results may take to land.
    package var drainMax = Duration.seconds(20)

    /// Names a coordinator.
    package init(name: String) {
        self.name = name
    }

    /// How long before the end of its term a leader takes it for over: for what is on its way, and
    /// for clocks that do not run equally fast.
    var expiryMargin: Duration { min(renewInterval, termExpiry / 4) }
}

/// Why a coordinator had to stop.
package struct CoordinatorError: Error, Sendable, CustomStringConvertible {
    /// The kind of reason.
    package enum Code: String, Sendable {
        /// It could not begin to lead.
        case leadership
        /// Another coordinator leads now.
        case superseded
        /// The database refuses what it has to write.
        case store
    }

    /// The kind of reason.
    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String
    /// What the database said.
    package var cause: StoreError

    /// Whether starting it again may help without a change by hand.
    package var isRetriable: Bool { cause.isRetriable }

    package var description: String { message }
}
