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
    /// Whose lines count together: the names under which lines name a peer.
    private static let peerNames = ["peer", "worker", "address", "endpoint"]
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
            Output.warn(Printable.line(ExactJSON.object(fields).json) + "\n")
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

/// Bounds the lines of a log that one kind of event, and one peer, can cause: whoever floods the
/// program must not fill the disk. Pure: time is passed in, and memory is bounded.
struct LogQuota {
    /// Lines that were left out.
    struct Rest: Hashable {
        /// The message of those lines.
        let kind: String
        /// How many there were.
        let count: Int
    }

    private struct Window {
        let begun: Duration
        var lines = 0
        var leftOut = 0
        /// Lines of those peers that have some, and so no more than `linesMax`.
        var peers: [String: Int] = [:]
    }

    /// The time for which the bounds hold.
    static let period = Duration.seconds(10)
    /// Most lines of a kind.
    static let linesMax = 20
    /// Most lines of a kind that one peer causes.
    static let linesOfPeerMax = 5
    /// Most kinds that are told apart; all others count as one.
    static let kindsMax = 256

    private static let others = "other lines"
    private var windows: [String: Window] = [:]
    private var rests: [String: Int] = [:]

    /// Begins without lines.
    init() {}

    /// Whether a line may be written now; else it is counted. `peer` is who caused it.
    mutating func admits(_ kind: String, of peer: String?, at now: Duration) -> Bool {
        let kind = windows[kind] != nil || windows.count < Self.kindsMax ? kind : Self.others
        if let window = windows[kind], now - window.begun >= Self.period { end(kind, window) }
        var window = windows[kind] ?? Window(begun: now)
        let ofPeer = peer.map { window.peers[$0] ?? 0 } ?? 0
        let isAdmitted = window.lines < Self.linesMax && ofPeer < Self.linesOfPeerMax
        if isAdmitted {
            window.lines += 1
            if let peer { window.peers[peer] = ofPeer + 1 }
        } else {
            window.leftOut += 1
        }
        windows[kind] = window
        return isAdmitted
    }

    /// What was left out in the periods that are over, each logged once; without a time, all of it.
    mutating func takeRests(at now: Duration?) -> [Rest] {
        for (kind, window) in windows {
            if let now, now - window.begun < Self.period { continue }
            end(kind, window)
        }
        defer { rests = [:] }
        return rests.sorted { $0.key < $1.key }.map { Rest(kind: $0.key, count: $0.value) }
    }

    private mutating func end(_ kind: String, _ window: Window) {
        windows[kind] = nil
        if window.leftOut > 0 { rests[kind, default: 0] += window.leftOut }
    }
}
