internal import ArgumentParser

/// What the process tells the shell, besides `success` (0), `failure` (1: bad rows, missing
/// draws, a failed audit) and `validationFailure` (64: a command line that cannot be parsed).
extension ExitCode {
    /// The configuration is wrong: nothing was begun.
    static let misconfigured = ExitCode(2)
    /// A database, server or process is not there: the same command may succeed later.
    static let unavailable = ExitCode(3)
    /// The budget is spent: what was begun is finished, and a larger one lets it go on.
    static let outOfBudget = ExitCode(4)
    /// Stopped by SIGINT or SIGTERM; what had landed is kept.
    static let interrupted = ExitCode(130)
}
