/// What the store could not do, and what the coordinator has to do about it.
package struct StoreError: Error, Sendable, CustomStringConvertible {
    /// The reaction that is called for.
    package enum Code: String, Sendable, CaseIterable {
        /// Nothing was written; trying again may succeed (connection refused, deadlock, …).
        case unavailable
        /// A commit was sent and no reply came: it may or may not have happened.
        case unknownOutcome = "unknown_outcome"
        /// The disk is full or the database read-only: pause, then try again.
        case exhausted
        /// Another coordinator leads: this one must stop.
        case staleTerm = "stale_term"
        /// The schema is missing, too old or too new.
        case schema
        /// The request contradicts what is stored; the message says how.
        case conflict
        /// The database refused for another reason: a bug, or a hand-made change.
        case refused
    }

    /// The reaction that is called for.
    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String

    /// Describes a failure.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the same call may succeed later.
    package var isRetriable: Bool {
        switch code {
        case .unavailable, .unknownOutcome, .exhausted: true
        case .staleTerm, .schema, .conflict, .refused: false
        }
    }

    package var description: String { message }
}
