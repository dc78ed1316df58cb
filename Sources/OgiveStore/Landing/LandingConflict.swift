internal import Postgres

/// Another landing settled a draw while this one's text was on its way.
struct LandingConflict: Error {
    /// Whether an error means that two landings met: at a draw's text, which both wrote, or at a
    /// draw that one of them settled.
    static func isOne(_ error: any Error) -> Bool {
        error is LandingConflict || (error as? PostgresError)?.sqlState == "23505"
    }
}
