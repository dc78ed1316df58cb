internal import ArgumentParser

/// Why a command ends without having done its job, for the person who typed it.
struct CommandError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of trouble, which decides the exit code.
    enum Code: String, Sendable, CaseIterable {
        /// The configuration file or an override is wrong.
        case configuration
        /// The imported file cannot be read, or holds bad rows.
        case input
        /// The database, a server or a process is not there or failed.
        case unavailable
        /// The job ended, but not as it should (missing draws, failed audit).
        case incomplete
        /// The budget is spent; what was begun is finished.
        case budget
        /// The user or the system stopped it.
        case interrupted
    }

    /// The kind of trouble.
    var code: Code
    /// What is wrong, where, and what to do; may have several lines.
    var message: String
    /// The text of the error below this one, when it adds something.
    var cause: String?

    /// Describes what went wrong.
    init(_ code: Code, _ message: String, cause: String? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// Whether the same command may succeed later without a change.
    var isRetriable: Bool { code == .unavailable || code == .interrupted }

    /// The exit code of the process.
    var exitCode: ExitCode {
        switch code {
        case .configuration: .misconfigured
        case .input, .incomplete: .failure
        case .unavailable: .unavailable
        case .budget: .outOfBudget
        case .interrupted: .interrupted
        }
    }

    var description: String {
        guard let cause else { return message }
        return "\(message)\n  because: \(cause)"
    }
}
