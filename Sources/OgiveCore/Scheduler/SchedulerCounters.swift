/// Totals since the coordinator began: plain numbers, whose names and labels are not its concern.
package struct SchedulerCounters: Hashable, Sendable {
    /// Leases granted.
    package var granted = 0
    /// Leases that ran out.
    package var expired = 0
    /// Leases taken over from an earlier registration or coordinator.
    package var adopted = 0
    /// Items committed.
    package var committed = 0
    /// Items that were there already.
    package var duplicates = 0
    /// Items that became failures.
    package var failures = 0
    /// Results dropped because their lease was granted anew.
    package var stale = 0
    /// Parts of results that were refused: what they say cannot be so, or their lease was never
    /// granted to the sender.
    package var rejected = 0
    /// Parts of results that were not taken, because too many bytes wait for their commit; their
    /// workers send them again.
    package var deferred = 0
    /// Leases that workers gave back unfinished.
    package var returned = 0
    /// Leases in hellos that were never granted to the sender.
    package var unproved = 0
    /// Calls of the database, besides landings, that failed.
    package var databaseErrors = 0

    /// All zero.
    package init() {}
}
