/// What went wrong in a call of libzmq, worded for the person who has to act.
package struct ZeroMQError: Error, Sendable, CustomStringConvertible {
    /// The kinds of failure that a caller may want to tell apart.
    package enum Code: Sendable, Equatable {
        /// Another socket listens on the endpoint.
        case addressInUse
        /// The endpoint names an address or interface that this machine does not have.
        case addressUnavailable
        /// The system does not let this process listen there.
        case permissionDenied
        /// The text is not an endpoint, or names a transport that libzmq does not know.
        case invalidEndpoint
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
