internal import Logging
internal import Synchronization

/// Counts dropped messages and tells the log of them, and of refused connections, each under one
/// message: the program's log bounds how many lines of one message it writes.
final class DropLedger: Sendable {
    private let logger: Logger
    private let state = Mutex<[DropReason: Int]>([:])

    init(logger: Logger) {
        self.logger = logger
    }

    var counts: [DropReason: Int] { state.withLock { $0 } }

    func drop(_ reason: DropReason, from peer: String, because message: String) {
        state.withLock { $0[reason, default: 0] += 1 }
        logger.warning(
            "a message was dropped",
            metadata: ["peer": "\(peer)", "reason": "\(reason.rawValue)", "because": "\(message)"])
    }

    /// Logs a connection that was not let in.
    func refused(_ failure: HandshakeFailure) {
        logger.warning(
            "a connection was not let in", metadata: ["reason": "\(failure.rawValue)"])
    }

    /// Logs what could not be sent; the caller gets an outcome as well.
    func unsendable(to peer: String, because message: String) {
        logger.error(
            "a message cannot be sent", metadata: ["peer": "\(peer)", "because": "\(message)"])
    }
}
