internal import Logging
internal import Synchronization
internal import ZeroMQ

/// Counts dropped messages and logs them, and refused connections, each under one
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

/// Why a received message was dropped.
package enum DropReason: String, Sendable, CaseIterable {
    /// It is no message of ours, or breaks a bound.
    case invalid
    /// It claims another worker than the one whose connection it came by.
    case wrongWorker = "wrong_worker"
    /// Its sender's key is not the one that the worker registered with.
    case wrongUser = "wrong_user"
    /// Its sender's key was revoked.
    case revoked
    /// More workers are known than a coordinator keeps in mind.
    case tooManyWorkers = "too_many_workers"
    /// Its sender speaks another version of the protocol.
    case unknownVersion = "unknown_version"
    /// It has another number of frames than it must.
    case wrongFrames = "wrong_frames"
}

/// Counts what becomes of connections to a coordinator; bounded, whatever clients do.
final class HandshakeLedger: Sendable {
    private struct State {
        var counts: [HandshakeFailure: Int] = [:]
        var expected = 0
    }

    private let state = Mutex(State())
    private let ledger: DropLedger

    init(_ ledger: DropLedger) {
        self.ledger = ledger
    }

    var counts: [HandshakeFailure: Int] { state.withLock { $0.counts } }

    /// The coordinator's own test is about to be refused once: that is no failure.
    func expectRefusal() {
        state.withLock { $0.expected += 1 }
    }

    /// Called by the monitor's thread.
    func note(_ event: ZeroMQSocketEvent) {
        guard let failure = HandshakeFailure(event) else { return }
        let counts = state.withLock { state in
            if failure == .unauthorized, state.expected > 0 {
                state.expected -= 1
                return false
            }
            state.counts[failure, default: 0] += 1
            return true
        }
        if counts { ledger.refused(failure) }
    }
}

/// Why a connection to a coordinator did not come about.
package enum HandshakeFailure: String, Sendable, CaseIterable {
    /// The key is not authorised (ZAP's status 400).
    case unauthorized = "auth_400"
    /// The keys cannot be checked now (300).
    case unavailable = "auth_300"
    /// The check itself failed (500).
    case broken = "auth_500"
    /// The check gave another answer.
    case otherStatus = "auth_other"
    /// The peer breaks the protocol, has no key, or expects another key of the coordinator.
    case protocolBroken = "protocol"
    /// The peer went away, or took too long.
    case noDetail = "no_detail"
    /// Descriptors or memory ran out.
    case acceptFailed = "accept"

    init?(_ event: ZeroMQSocketEvent) {
        switch event {
        case .refused(400): self = .unauthorized
        case .refused(300): self = .unavailable
        case .refused(500): self = .broken
        case .refused: self = .otherStatus
        case .protocolFailed: self = .protocolBroken
        case .handshakeFailed: self = .noDetail
        case .acceptFailed: self = .acceptFailed
        case .accepted, .connected, .retried, .handshakeSucceeded, .disconnected: return nil
        }
    }
}
