import Logging
import Synchronization

/// A log that only keeps its different messages.
final class MessageSet: LogHandler {
    private let all = Mutex<Set<String>>([])

    var messages: Set<String> { all.withLock { $0 } }

    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        all.withLock { _ = $0.insert("\(event.message)") }
    }
}
