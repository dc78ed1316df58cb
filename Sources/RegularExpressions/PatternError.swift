/// Why an expression gives no answer.
package struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of reason.
    package enum Code: Sendable {
        /// It is no expression.
        case invalid
        /// It took more steps, or memory, than it may.
        case tooCostly
        /// The system has no thread for it.
        case unavailable
    }

    /// The kind of reason.
    package let code: Code
    /// What is wrong, with the beginning of the expression, and what to do.
    package let message: String

    /// Whether the same search may succeed later.
    package var isRetriable: Bool { code == .unavailable }

    package var description: String { message }
}
