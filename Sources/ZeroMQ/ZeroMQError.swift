import CZeroMQ
import Glibc

/// What went wrong in a call of libzmq, worded for the person who has to act.
package struct ZeroMQError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure that a caller may want to tell apart.
    package enum Code: Sendable, Equatable {
        /// Another socket listens on the address.
        case addressInUse
        /// No interface of this machine has the address.
        case addressUnavailable
        /// The system does not let this process listen there.
        case permissionDenied
        /// The text is not an address, or names a transport that libzmq does not know.
        case invalidAddress
        /// An option's value is out of its range.
        case invalidOption
        /// A key is not 32 bytes, or not 40 characters of Z85.
        case invalidKey
        /// A message has no frames, or the socket's type forbids the call now.
        case invalidMessage
        /// No descriptors, sockets, threads or memory left.
        case resourcesExhausted
        /// The context was terminated.
        case terminated
        /// The task that waited was cancelled.
        case cancelled
        /// The channel ended before it could do what was asked.
        case closed
        /// Anything else; `cause` says what.
        case system
    }

    /// What failed.
    package let code: Code
    /// What is wrong, where, and what to do.
    package let message: String
    /// What the system or the layer below said.
    package let cause: (any Error)?

    /// Whether the same call may succeed later without anyone changing its input.
    package var isRetriable: Bool {
        switch code {
        case .addressInUse, .addressUnavailable, .resourcesExhausted: true
        default: false
        }
    }

    /// The message, followed by its cause.
    package var description: String {
        guard let cause else { return message }
        return "\(message) (\(cause))"
    }

    init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

extension ZeroMQError {
    /// The error for a failed `bind` or `connect`.
    static func address(
        _ address: String, binding: Bool, _ cause: ZeroMQErrno
    ) -> ZeroMQError {
        let key = binding ? "listen" : "connect"
        switch cause.number {
        case EADDRINUSE:
            return .addressInUse(address, cause: cause)
        case EADDRNOTAVAIL, ENODEV:
            return ZeroMQError(
                .addressUnavailable,
                "address not available: this machine has no address for \(address); "
                    + "choose one of its own addresses for `\(key)`, or 127.0.0.1",
                cause: cause)
        case EACCES, EPERM:
            return ZeroMQError(
                .permissionDenied,
                "permission denied: this process may not use \(address); choose a port above "
                    + "1023, or a directory it may write to, for `\(key)`",
                cause: cause)
        case ENOENT, ENOTDIR, EROFS:
            return ZeroMQError(
                .permissionDenied,
                "cannot create the socket file of \(address): make its directory first, and "
                    + "writable for this process",
                cause: cause)
        case ENAMETOOLONG:
            return ZeroMQError(
                .invalidAddress,
                "address too long: \(address) exceeds the 107 bytes that Linux allows for the "
                    + "path of a socket; choose a shorter `\(key)`",
                cause: cause)
        case EINVAL, EPROTONOSUPPORT, ENOCOMPATPROTO:
            return .invalidAddress(address, key: key, cause: cause)
        default:
            return .call("\(binding ? "listen on" : "connect to") \(address)", cause)
        }
    }

    /// The error for an address on which somebody else listens.
    static func addressInUse(_ address: String, cause: (any Error)?) -> ZeroMQError {
        let what = address.hasPrefix("tcp:") ? "port" : "address"
        return ZeroMQError(
            .addressInUse,
            "\(what) in use: another process listens on \(address); choose another `listen` "
                + "or stop that process",
            cause: cause)
    }

    /// The error for any other failed call; `action` completes "cannot …".
    static func call(_ action: String, _ cause: ZeroMQErrno) -> ZeroMQError {
        switch cause.number {
        case ETERM:
            ZeroMQError(
                .terminated, "cannot \(action): the ZeroMQ context was terminated", cause: cause)
        case EMFILE, ENFILE, ENOMEM, ENOBUFS, EMTHREAD:
            ZeroMQError(
                .resourcesExhausted,
                "cannot \(action): no descriptors, sockets or memory left; raise the limits "
                    + "(`ulimit -n`)",
                cause: cause)
        case EFSM, ENOTSUP:
            ZeroMQError(
                .invalidMessage, "cannot \(action): this type of socket does not allow it now",
                cause: cause)
        default:
            ZeroMQError(.system, "cannot \(action)", cause: cause)
        }
    }

    /// The error for a text that is no address; `key` is the setting to correct.
    static func invalidAddress(
        _ address: String, key: String, cause: ZeroMQErrno?
    ) -> ZeroMQError {
        ZeroMQError(
            .invalidAddress,
            "invalid address '\(address)': write `\(key)` as tcp://ADDRESS:PORT, ipc://PATH or "
                + "inproc://NAME",
            cause: cause)
    }
}

/// An error number of libzmq, with libzmq's own words for it.
package struct ZeroMQErrno: Error, Sendable, Equatable, CustomStringConvertible {
    /// The number: an `errno`, or one that libzmq defines where the system lacks it.
    package let number: Int32

    /// What libzmq calls the error.
    package var description: String {
        // Sound: libzmq returns a terminated string that lives as long as the library.
        let text = unsafe zmq_strerror(number).map { unsafe String(cString: $0) }
        return "\(text ?? "unknown error"), errno \(number)"
    }

    /// The error of the calling thread's last call.
    static var last: ZeroMQErrno { ZeroMQErrno(number: zmq_errno()) }
}
