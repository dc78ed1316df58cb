/// SQL on `ogive.terms` and `ogive.leadership`.
enum TermQueries {
    /// Microseconds between two moments never depend on the clocks of coordinators: all are the
    /// database's, and `clock_timestamp` goes on within a transaction.
    private static let leader = """
        SELECT term, coordinator,
            to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') AS since,
            renewed_at::text AS renewed_at,
            (extract(epoch FROM leads_until - clock_timestamp()) * 1000000)::int8 AS remaining
        FROM ogive.leadership
        """
    static let look = leader
    static let lookAndLock = leader + " FOR UPDATE"
    /// How long a new leader waits for the landing of a former one.
    static let limitWaiting = "SET LOCAL lock_timeout = '1s'"
    static let raise = "UPDATE ogive.terms SET term = term + 1 RETURNING term"
    static let leaseKey = "SELECT key FROM ogive_internal.lease_key"
    /// $1 term, $2 coordinator, $3 microseconds.
    static let begin = """
        UPDATE ogive.leadership
        SET term = $1, coordinator = $2, since = clock_timestamp(), renewed_at = clock_timestamp(),
            leads_until = clock_timestamp() + $3::float8 * interval '1 microsecond', counts = '{}'
        """
    /// Ends sessions that hold the row of `ogive.terms`: a stopped leader's in the middle of a
    /// landing would keep it for a while. Those of another login only `pg_signal_backend` may end.
    static let endLandings = """
        SELECT count(pg_terminate_backend(l.pid)) AS ended
        FROM pg_locks l
        JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'relation' AND l.relation = 'ogive.terms'::regclass AND l.granted
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.mode IN ('RowShareLock', 'RowExclusiveLock') AND l.pid <> pg_backend_pid()
            AND a.application_name <> 'ogive leader'
        """
    /// $1 term, $2 microseconds, $3 counts.
    static let renew = """
        UPDATE ogive.leadership
        SET renewed_at = clock_timestamp(), counts = $3,
            leads_until = clock_timestamp() + $2::float8 * interval '1 microsecond'
        WHERE term = $1 AND coordinator IS NOT NULL
        """
    static let resign = """
        UPDATE ogive.leadership
        SET coordinator = NULL, since = NULL, renewed_at = NULL, leads_until = NULL
        WHERE term = $1
        """
    /// Of all that a coordinator writes: a new leader waits for its end, and the server ends it
    /// when the coordinator was stopped in the middle, after two thirds of the lease.
    static let lockForCheck = """
        SELECT term, set_config('idle_in_transaction_session_timeout',
            coalesce((
                SELECT round(extract(epoch FROM leads_until - renewed_at) * 1000 * 2 / 3)
                FROM ogive.leadership), 10000)::text,
            true) AS idle
        FROM ogive.terms FOR SHARE
        """
}
