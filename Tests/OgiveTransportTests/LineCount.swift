import Logging
import Synchronization

/// A log that only counts its lines.
final class LineCount: LogHandler {
    private let count = Mutex(0)

    var lines: Int { count.withLock { $0 } }

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
        count.withLock { $0 += 1 }
    }
}
