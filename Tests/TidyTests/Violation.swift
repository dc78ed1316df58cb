/// One place that breaks a rule.
struct Violation: Equatable {
    /// The file, and the line where there is one.
    let place: String
    /// What is wrong and what to do.
    let message: String
}
