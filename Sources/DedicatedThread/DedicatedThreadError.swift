/// Why a dedicated thread or its wake descriptor could not be made.
package struct DedicatedThreadError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What failed.
    package enum Code: Sendable, Equatable {
        /// The process or the system has no file descriptor left.
        case descriptorUnavailable
        /// The system refused to start another thread.
        case threadUnavailable
    }

    /// What failed.
    package let code: Code
    /// What is wrong and what to do, for a person.
    package let message: String
    /// The `errno` that the system gave.
    package let cause: Int32

    /// Whether the same call may succeed later: both failures are shortages that can pass.
    package var isRetriable: Bool { true }

    /// The message with the system's error number.
    package var description: String { "\(message) (errno \(cause))" }

    init(_ code: Code, message: String, cause: Int32) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}
