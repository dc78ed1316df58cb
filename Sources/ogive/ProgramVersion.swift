/// The version of this program, as `ogive --version` and the workers' `Hello` say it.
enum ProgramVersion {
    /// The number.
    static let text = "0.1.0"
}
