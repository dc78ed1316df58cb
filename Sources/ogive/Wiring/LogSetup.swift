internal import FoundationEssentials
internal import Glibc
internal import Logging

/// Writes log lines to standard error, as text or JSON.
struct LogSetup: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let label: String
    private let format: LogConfiguration.Format

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
            .map { ($0.key, "\($0.value)") }.sorted { $0.0 < $1.0 }
        let now = Date().formatted(.iso8601)
        let line: String
        switch format {
        case .text:
            let facts = all.map { " \($0.0)=\($0.1)" }.joined()
            line = "\(now) \(event.level) \(label): \(event.message)\(facts)\n"
        case .json:
            var fields: JSONFields = [
                "time": .string(now), "level": .string(event.level.rawValue),
                "label": .string(label), "message": .string("\(event.message)"),
            ]
            for (name, value) in all { fields[name] = .string(value) }
            line = JSONValue.object(fields).json + "\n"
        }
        ErrorRendering.writeLine(line)
    }
}
