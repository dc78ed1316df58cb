/// Why a row is bad, before its place is known.
struct RowProblem: Error, Hashable {
    /// The kind of trouble.
    var reason: BadRow.Reason
    /// What is wrong and what to do.
    var detail: String

    /// Describes a problem.
    init(_ reason: BadRow.Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }
}
