internal import FoundationEssentials
internal import Glibc
internal import Logging
internal import Synchronization

/// Writes log lines to standard error, as text or JSON: each on one line, of bounded length, and
/// only as many of a kind and of a peer as `LogQuota` admits.
struct LogSetup: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let label: String
    private let format: LogConfiguration.Format

    /// Most characters of a message or a value.
    static let charactersMax = 500
    /// Whose lines count together: the names under which lines tell of a peer.
    private static let peerNames = ["peer", "worker", "endpoint"]
    private static let quota = Mutex(LogQuota())
    private static let begun = ContinuousClock.now

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// A logger for one part of the program.
    static func logger(_ label: String, _ configuration: LogConfiguration) -> Logger {
        Logger(label: label) { label in
            LogSetup(
                logLevel: Logger.Level(rawValue: configuration.level.rawValue) ?? .notice,
                label: label, format: configuration.format)
        }
    }

    private init(logLevel: Logger.Level, label: String, format: LogConfiguration.Format) {
        self.logLevel = logLevel
        self.label = label
        self.format = format
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let peer = Self.peerNames.lazy.compactMap { all[$0] }.first.map { "\($0)" }
        let now = ContinuousClock.now - Self.begun
        let (isAdmitted, rests) = Self.quota.withLock { quota in
            let isAdmitted = quota.admits("\(event.message)", of: peer, at: now)
            return (isAdmitted, isAdmitted ? quota.takeRests(at: now) : [])
        }
        write(rests)
        guard isAdmitted else { return }
        write(event.level, "\(event.message)", all.map { ($0.key, "\($0.value)") })
    }

    /// Says what was left out until now, before the program ends.
    static func finish(_ configuration: LogConfiguration) {
        let rests = quota.withLock { $0.takeRests(at: nil) }
        LogSetup(logLevel: .trace, label: "log", format: configuration.format).write(rests)
    }

    private func write(_ rests: [LogQuota.Rest]) {
        for rest in rests {
            write(.warning, "\(rest.count) more like it were left out", [("like", rest.kind)])
        }
    }

    private func write(_ level: Logger.Level, _ message: String, _ facts: [(String, String)]) {
        let now = Date().formatted(.iso8601)
        let message = Self.bounded(message)
        let facts = facts.map { (name: $0, text: Self.bounded($1)) }.sorted { $0.name < $1.name }
        switch format {
        case .text:
            let facts = facts.map { " \($0.name)=\(Printable.line($0.text))" }.joined()
            Output.warn("\(now) \(level) \(label): \(Printable.line(message))\(facts)\n")
        case .json:
            var fields: JSONFields = [
                "time": .string(now), "level": .string(level.rawValue),
                "label": .string(label), "message": .string(message),
            ]
            for (name, text) in facts { fields[name] = .string(text) }
            Output.warn(Printable.line(JSONValue.object(fields).json) + "\n")
        }
    }

    private static func bounded(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard
            let end = scalars.index(
                scalars.startIndex, offsetBy: charactersMax, limitedBy: scalars.endIndex),
            end < scalars.endIndex
        else { return text }
        return String(scalars[..<end]) + "…"
    }
}
