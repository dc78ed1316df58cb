/// Totals since the coordinator began, for metrics and tests.
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

    /// The totals under the names by which operators know them: each that is declared has one.
    package var counts: [String: Int] {
        [
            "ogive_leases_granted_total": granted,
            "ogive_lease_expirations_total": expired,
            "ogive_leases_adopted_total": adopted,
            "ogive_results_total{outcome=committed}": committed,
            "ogive_results_total{outcome=duplicate}": duplicates,
            "ogive_results_total{outcome=stale}": stale,
            "ogive_results_total{outcome=rejected}": rejected,
            "ogive_results_total{outcome=deferred}": deferred,
            "ogive_leases_unproved_total": unproved,
            "ogive_leases_returned_total": returned,
            "ogive_failures_total": failures,
            "ogive_database_errors_total": databaseErrors,
        ]
    }
}
