package import OgiveCore

/// How a coordinator serves its runs.
package struct CoordinatorConfiguration: Hashable, Sendable {
    /// Host and process id, for people.
    package var name: String
    /// Bounds and intervals of the scheduler.
    package var limits = SchedulerLimits()
    /// How often the database is asked for new, changed and ended runs.
    package var pollInterval = Duration.seconds(1)
    /// How often time alone moves the scheduler.
    package var tickInterval = Duration.milliseconds(20)
    /// When draining, how long results may take to land.
    package var drainMax = Duration.seconds(20)

    /// Names a coordinator.
    package init(name: String) {
        self.name = name
    }
}
