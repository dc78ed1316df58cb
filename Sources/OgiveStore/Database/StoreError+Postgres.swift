package import OgiveCore
package import Postgres

extension StoreError {
    /// What an error of a call means to the caller. `action` says what was being done.
    /// `place` says where the database is, for the errors that a person has to look after there.
    package init(
        _ error: any Error, during action: String, at place: PostgresConfiguration? = nil
    ) {
        switch error {
        case let error as StoreError:
            self = error
        case let error as PostgresError:
            self.init(Self.code(of: error), "\(action): \(error.summary)")
        case is CancellationError:
            self.init(.unavailable, "\(action): the task was cancelled.")
        default:
            self.init(.refused, "\(action): \(error)")
        }
        if code == .exhausted, let place {
            message += "; make room at \(place): the same is tried again"
        }
    }

    private static func code(of error: PostgresError) -> Code {
        switch error.code {
        case .connectionLost(duringCommit: true):
            .unknownOutcome
        case .connectionLost, .serverUnreachable, .connectTimeout, .serverStarting,
            .tooManyConnections, .poolTimeout, .poolClosed, .cancelled, .embedded:
            .unavailable
        case .configuration, .authenticationFailed, .databaseMissing, .invalidParameter,
            .decoding, .misuse:
            .refused
        case .server:
            code(ofState: error.sqlState ?? "")
        }
    }

    /// The reaction to an error that the server reported, by its SQLSTATE.
    private static func code(ofState state: String) -> Code {
        switch state {
        case "40001", "40P01", "55P03", "57014":
            // Serialisation, deadlock, lock timeout, statement timeout.
            .unavailable
        case "57P01", "57P02", "57P03", "57P05", "25P03", "53300":
            // Shutdown, crash, starting, idle timeouts, too many connections.
            .unavailable
        case "25006", "58030":
            // Read-only after a failover, a failing disk.
            .exhausted
        case "3F000", "42P01", "42703", "42883":
            // Schema, table, column or function missing.
            .schema
        case _ where state.hasPrefix("53"):
            // Disk full, out of memory.
            .exhausted
        case _ where state.hasPrefix("08"):
            .unavailable
        default:
            .refused
        }
    }
}
