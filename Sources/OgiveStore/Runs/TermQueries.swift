/// SQL on `ogive.terms`.
enum TermQueries {
    /// Names the lock that the leading coordinator's session holds.
    static let lock: Int64 = 0x6F67_6976_6500_0002

    static let tryLock = "SELECT pg_try_advisory_lock($1) AS is_mine"
    static let current = """
        SELECT term, coalesce(coordinator, 'an unnamed coordinator') AS coordinator,
            coalesce(to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), 'just now')
                AS since
        FROM ogive.terms
        """
    static let raise = """
        UPDATE ogive.terms
        SET term = term + 1, coordinator = $1, since = to_timestamp($2::float8 / 1000000)
        RETURNING term
        """
    static let resign = """
        UPDATE ogive.terms SET coordinator = NULL, since = NULL WHERE term = $1
        """
    /// One landing at a time: the next one sees all that this one wrote, so merging needs no
    /// other locks; and a new leader waits for its end.
    static let lockForLanding = "SELECT term FROM ogive.terms FOR UPDATE"
    static let lockForCheck = "SELECT term FROM ogive.terms FOR SHARE"
}
