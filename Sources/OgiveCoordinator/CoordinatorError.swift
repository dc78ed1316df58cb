package import OgiveCore

/// Why a coordinator had to stop.
package struct CoordinatorError: Error, Sendable, CustomStringConvertible {
    /// The kind of reason.
    package enum Code: String, Sendable {
        /// It could not begin to lead.
        case leadership
        /// Another coordinator leads now.
        case superseded
        /// The database refuses what it has to write.
        case store
    }

    /// The kind of reason.
    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String
    /// What the database said.
    package var cause: StoreError

    /// Whether starting it again may help without a change by hand.
    package var isRetriable: Bool { cause.isRetriable }

    package var description: String { message }
}
