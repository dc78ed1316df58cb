/// SQL on `ogive.migrations`.
enum MigrationQueries {
    /// Names the lock under which migrations run: "ogive" and a number of its own.
    static let lock: Int64 = 0x6F67_6976_6500_0001

    static let acquireLock = "SELECT pg_advisory_lock($1)"
    static let isTableThere = "SELECT to_regclass('ogive.migrations') IS NOT NULL AS is_there"
    static let applied = "SELECT number, name FROM ogive.migrations ORDER BY number"
    static let becomeOwner = "SET LOCAL ROLE ogive_owner"
    static let insert = """
        INSERT INTO ogive.migrations (number, name, applied_at)
        VALUES ($1, $2, to_timestamp($3::float8 / 1000000))
        """
    static let delete = "DELETE FROM ogive.migrations WHERE number = $1"
}
