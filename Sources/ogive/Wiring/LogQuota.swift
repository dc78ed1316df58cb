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

    /// What was left out in the periods that are over, each told once; without a time, all of it.
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
