internal import FoundationEssentials

/// The process's environment.
enum Environment {
    /// All variables.
    static var current: [String: String] { ProcessInfo.processInfo.environment }
}
