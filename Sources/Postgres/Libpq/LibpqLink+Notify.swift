internal import CLibpq
internal import Glibc

extension LibpqLink {
    /// Blocks until a notification arrives.
    func nextNotification(_ flag: CancellationFlag) throws(PostgresError) -> PostgresNotification {
        let flight = Flight(statement: "LISTEN", mayCommit: false)
        while true {
            if let notification = takeNotification() { return notification }
            guard isAlive else { throw lost(flight) }
            if wait(for: Int16(POLLIN), until: nil, flag) == .cancelled {
                throw PostgresError(.cancelled, "Waiting for a notification was cancelled.")
            }
            // Sound: `self` keeps the connection open while it is read.
            if unsafe PQconsumeInput(pointer) == 0 { throw lost(flight) }
        }
    }

    /// Whether an idle connection still has its server: what arrives unasked is read.
    func isHealthy() -> Bool {
        guard isAlive, transactionStatus == PQTRANS_IDLE else { return false }
        // The server's farewell comes before the end of the stream: both must be read.
        let readsMax = 100
        for _ in 0..<readsMax {
            guard wait(for: Int16(POLLIN), until: .now, nil) == .ready else { return isAlive }
            // Sound: `self` keeps the connection open while it is read.
            guard unsafe PQconsumeInput(pointer) == 1 else { return false }
            // Asking parses what was read, or libpq would not notice the end.
            if unsafe PQisBusy(pointer) == 1 { return false }
        }
        return false
    }

    private func takeNotification() -> PostgresNotification? {
        // Sound: libpq allocates the notification for the caller, and its texts with it: both are
        // copied before they are freed.
        guard let notify = unsafe PQnotifies(pointer) else { return nil }
        defer { unsafe PQfreemem(notify) }
        guard let channel = unsafe notify.pointee.relname, let extra = unsafe notify.pointee.extra
        else { return nil }
        return unsafe PostgresNotification(
            channel: String(cString: channel), payload: String(cString: extra))
    }
}
