import CZeroMQ

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
