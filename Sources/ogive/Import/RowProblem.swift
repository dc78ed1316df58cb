/// Why a row is bad, or a file cannot be read, before its place is known.
struct RowProblem: Error {
    /// The kind of trouble.
    var reason: BadRow.Reason
    /// What is wrong and what to do.
    var detail: String
    /// The failure to read the file, when that is the reason.
    var failure: CommandError?

    /// Describes a problem.
    init(_ reason: BadRow.Reason, _ detail: String, failure: CommandError? = nil) {
        self.reason = reason
        self.detail = detail
        self.failure = failure
    }
}
