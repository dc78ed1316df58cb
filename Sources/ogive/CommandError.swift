internal import ArgumentParser
internal import OgiveCoordinator
internal import OgiveCore
internal import OgiveTransport
internal import OgiveWorker
internal import Postgres

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
        /// The time that a command may wait is over.
        case timeout
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
    var isRetriable: Bool {
        code == .unavailable || code == .timeout || code == .interrupted
    }

    /// The exit code of the process.
    var exitCode: ExitCode {
        switch code {
        case .configuration: .misconfigured
        case .input, .incomplete: .failure
        case .unavailable: .unavailable
        case .budget: .outOfBudget
        case .timeout: .timeout
        case .interrupted: .interrupted
        }
    }

    var description: String {
        guard let cause else { return message }
        return "\(message)\n  because: \(cause)"
    }
}

/// What the process tells the shell, besides `success` (0), `failure` (1: bad rows, missing
/// draws, a failed audit) and `validationFailure` (64: a command line that cannot be parsed).
extension ExitCode {
    /// The configuration is wrong: nothing was begun.
    static let misconfigured = ExitCode(2)
    /// A database, server or process is not there: the same command may succeed later.
    static let unavailable = ExitCode(3)
    /// The budget is spent: what was begun is finished, and a larger one lets it go on.
    static let outOfBudget = ExitCode(4)
    /// The time of `ogive wait --timeout` is over, as timeout(1) says it.
    static let timeout = ExitCode(124)
    /// Stopped by SIGINT or SIGTERM; what had landed is kept.
    static let interrupted = ExitCode(130)
}

extension CommandError {
    /// Says of any module's error what a person needs to know, and which exit code it gets.
    init(explaining error: any Error) {
        switch error {
        case let error as CommandError: self = error
        case let error as StoreError:
            self.init(
                Self.code(error), PromptText.shortening(Self.inStyle(error.message)))
        case let error as CoordinatorError:
            self.init(Self.code(error.cause), error.message)
        case let error as PostgresError where error.code == .configuration:
            self.init(.configuration, Self.inStyle(error.message))
        case let error as PostgresError:
            self.init(
                error.isRetriable ? .unavailable : .incomplete, Self.inStyle(error.summary))
        case let error as ModelError:
            self.init(error.isRetriable ? .unavailable : .configuration, error.message)
        case let error as WorkerError:
            let permanent = error.code == .models ? Code.configuration : .incomplete
            self.init(error.isRetriable ? .unavailable : permanent, error.message)
        case let error as TransportError:
            self.init(Self.code(error), error.message)
        case is CancellationError: self.init(.interrupted, "interrupted")
        default: self.init(.incomplete, "\(error)")
        }
    }

    /// A sentence as the messages of commands are: it goes on behind `error:`, and names stand
    /// between single quotes.
    private static func inStyle(_ message: String) -> String {
        let first = message.prefix { $0.isLetter }
        // `PostgreSQL` and its like keep their capitals.
        let isWord = first.dropFirst().allSatisfy(\.isLowercase)
        let text = message.replacing("\"", with: "'")
        return isWord && first != "Ogive" ? text.prefix(1).lowercased() + text.dropFirst() : text
    }

    private static func code(_ error: TransportError) -> Code {
        switch error.code {
        case .invalidAddress, .insecureAddress, .key: .configuration
        case .unguarded: .incomplete
        case .addressInUse, .permissionDenied, .closed, .socket: .unavailable
        }
    }

    private static func code(_ error: StoreError) -> Code {
        switch error.code {
        case .unavailable, .unknownOutcome, .exhausted: .unavailable
        case .schema: .configuration
        case .staleTerm, .conflict, .forbidden, .refused: .incomplete
        }
    }
}

/// A word where a command should stand, and there is none of that name.
enum MistypedCommand {
    /// The error for such a command line; `nil` when its commands are known.
    static func error(in arguments: [String]) -> CommandError? {
        error(in: arguments[...], of: Ogive.self, called: "ogive")
    }

    private static func error(
        in arguments: ArraySlice<String>, of command: any ParsableCommand.Type, called name: String
    ) -> CommandError? {
        let configuration = command.configuration
        let names = configuration.subcommands.map { $0.configuration }.filter(\.shouldDisplay)
            .compactMap(\.commandName)
        guard !names.isEmpty, let word = arguments.first, !word.hasPrefix("-") else { return nil }
        if word == "help" { return error(in: arguments.dropFirst(), of: command, called: name) }
        if let next = configuration.subcommands.first(where: {
            $0.configuration.commandName == word
        }) {
            return error(in: arguments.dropFirst(), of: next, called: "\(name) \(word)")
        }
        // There a word may be an argument of the default command.
        guard configuration.defaultSubcommand == nil else { return nil }
        let nearest = NearestName.find(word, among: names).map { "did you mean `\(name) \($0)`?" }
        return CommandError(
            .configuration,
            "there is no command `\(name) \(word)`; "
                + (nearest ?? "there are \(names.joined(separator: ", "))"))
    }
}
