import CZeroMQ
import Glibc

extension ZeroMQError {
    /// The error for a failed `bind` or `connect`.
    static func endpoint(
        _ endpoint: String, binding: Bool, _ cause: ZeroMQErrno
    ) -> ZeroMQError {
        let key = binding ? "listen" : "connect"
        switch cause.number {
        case EADDRINUSE:
            return .addressInUse(endpoint, cause: cause)
        case EADDRNOTAVAIL, ENODEV:
            return ZeroMQError(
                .addressUnavailable,
                "address not available: this machine has no address for \(endpoint); "
                    + "choose one of its own addresses for `\(key)`, or 127.0.0.1",
                cause: cause)
        case EACCES, EPERM:
            return ZeroMQError(
                .permissionDenied,
                "permission denied: this process may not use \(endpoint); choose a port above "
                    + "1023, or a directory it may write to, for `\(key)`",
                cause: cause)
        case ENOENT, ENOTDIR, EROFS:
            return ZeroMQError(
                .permissionDenied,
                "cannot create the socket file of \(endpoint): make its directory first, and "
                    + "writable for this process",
                cause: cause)
        case ENAMETOOLONG:
            return ZeroMQError(
                .invalidEndpoint,
                "endpoint too long: \(endpoint) exceeds the 107 bytes that Linux allows for the "
                    + "path of a socket; choose a shorter `\(key)`",
                cause: cause)
        case EINVAL, EPROTONOSUPPORT, ENOCOMPATPROTO:
            return .invalidEndpoint(endpoint, key: key, cause: cause)
        default:
            return .call("\(binding ? "listen on" : "connect to") \(endpoint)", cause)
        }
    }

    /// The error for an endpoint on which somebody else listens.
    static func addressInUse(_ endpoint: String, cause: (any Error)?) -> ZeroMQError {
        let what = endpoint.hasPrefix("tcp:") ? "port" : "address"
        return ZeroMQError(
            .addressInUse,
            "\(what) in use: another process listens on \(endpoint); choose another `listen` "
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

    /// The error for a text that is no endpoint; `key` is the setting to correct.
    static func invalidEndpoint(
        _ endpoint: String, key: String, cause: ZeroMQErrno?
    ) -> ZeroMQError {
        ZeroMQError(
            .invalidEndpoint,
            "invalid endpoint '\(endpoint)': write `\(key)` as tcp://ADDRESS:PORT, ipc://PATH or "
                + "inproc://NAME",
            cause: cause)
    }
}
