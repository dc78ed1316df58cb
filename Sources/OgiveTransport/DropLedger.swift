internal import Logging
internal import Synchronization

/// Counts dropped messages, and logs them and refused connections at a bounded rate: whoever floods
/// a socket with garbage must not fill the disk.
final class DropLedger: Sendable {
    private struct State {
        var counts: [DropReason: Int] = [:]
        var windowStart: ContinuousClock.Instant?
        var logged = 0
        var suppressed = 0

        /// How many were passed over since the last log line, when another one may be written.
        mutating func admit(at now: ContinuousClock.Instant) -> Int? {
            if let start = windowStart, now - start < DropLedger.window {
                guard logged < DropLedger.linesMax else {
                    suppressed += 1
                    return nil
                }
            } else {
                windowStart = now
                logged = 0
            }
            logged += 1
            defer { suppressed = 0 }
            return suppressed
        }
    }

    /// The time for which `linesMax` counts.
    static let window = Duration.seconds(10)
    /// Most lines logged in a window.
    static let linesMax = 5

    private let logger: Logger
    private let state = Mutex(State())

    init(logger: Logger) {
        self.logger = logger
    }

    var counts: [DropReason: Int] { state.withLock { $0.counts } }

    func drop(_ reason: DropReason, from peer: String, because message: String) {
        state.withLock { $0.counts[reason, default: 0] += 1 }
        log("Dropped a message: \(message)", ["peer": "\(peer)", "reason": "\(reason.rawValue)"])
    }

    /// Logs a connection that was not let in.
    func refused(_ failure: HandshakeFailure) {
        log("A connection was not let in.", ["reason": "\(failure.rawValue)"])
    }

    private func log(_ message: Logger.Message, _ metadata: Logger.Metadata) {
        guard let suppressed = state.withLock({ $0.admit(at: .now) }) else { return }
        var metadata = metadata
        metadata["suppressed"] = "\(suppressed)"
        logger.warning(message, metadata: metadata)
    }

    /// Logs what could not be sent; the caller gets an outcome as well.
    func unsendable(to peer: String, because message: String) {
        logger.error("Cannot send a message: \(message)", metadata: ["peer": "\(peer)"])
    }
}
