internal import OgiveCore

extension SchedulerCounters {
    /// The totals under the names by which operators know them.
    var counts: [String: Int] {
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
