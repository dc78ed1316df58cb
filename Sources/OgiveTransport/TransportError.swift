internal import OgiveCore
internal import ZeroMQ

/// Why a transport cannot be opened, or ended.
package struct TransportError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure.
    package enum Code: String, Sendable, CaseIterable {
        /// The text is no address that a transport knows.
        case invalidAddress = "invalid_address"
        /// The address would be reachable from other machines, and there are no keys.
        case insecureAddress = "insecure_address"
        /// Something else is at the address.
        case addressInUse = "address_in_use"
        /// The system refuses the address to this process.
        case permissionDenied = "permission_denied"
        /// A file of keys is missing, broken or open to others.
        case key
        /// The socket lets in whom it must not, or nobody.
        case unguarded
        /// The transport was closed before it was open.
        case closed
        /// The sockets failed.
        case socket
    }

    /// The kind of failure.
    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String
    /// The fault underneath.
    package var cause: (any Error)?
    /// Whether the same call may succeed later.
    package var isRetriable: Bool

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
        isRetriable = false
    }

    init(_ error: ZeroMQError) {
        code =
            switch error.code {
            case .addressInUse: .addressInUse
            case .permissionDenied: .permissionDenied
            case .invalidAddress, .addressUnavailable: .invalidAddress
            case .closed, .cancelled: .closed
            default: .socket
            }
        message = error.message
        cause = error.cause
        isRetriable = error.isRetriable
    }

    package var description: String {
        guard let cause else { return message }
        return "\(message) (\(cause))"
    }
}

extension SendOutcome {
    /// What libzmq's answer means to a sender.
    init(_ result: ZeroMQSendResult) {
        self =
            switch result {
            case .sent: .queued
            case .wouldBlock: .full
            case .unreachable, .notOpen: .unreachable
            }
    }
}
