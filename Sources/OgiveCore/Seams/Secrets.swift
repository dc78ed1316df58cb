internal import Synchronization

/// The secrets that this process sends to servers. What servers say passes through `hiding(in:)`
/// where it becomes an error, a finding or a fact, so that no secret is stored or logged.
package enum Secrets {
    private static let filter = Mutex(SecretFilter())

    /// Hides a key, or the value of a header, from now on.
    package static func add(_ secret: String) {
        filter.withLock { $0.add(secret) }
    }

    /// The text without secrets.
    package static func hiding(in text: String) -> String {
        filter.withLock { $0 }.hiding(in: text)
    }
}
