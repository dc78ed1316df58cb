internal import DequeModule

/// Received messages that wait for their consumer. Peers are served in turn, so that one that sends
/// without pause does not hold up what others say; what one peer sent stays in order.
struct FairQueue: Sendable {
    /// Whether the first frame names the peer, as a router's does; otherwise there is one peer.
    private let namesPeers: Bool
    private var lines: [[UInt8]: Deque<ZeroMQMessage>] = [:]
    /// Peers with messages, the next one first.
    private var turns = Deque<[UInt8]>()
    /// Messages that wait.
    private(set) var count = 0
    /// Their bytes.
    private(set) var byteCount = 0

    init(namesPeers: Bool) {
        self.namesPeers = namesPeers
    }

    var isEmpty: Bool { count == 0 }

    /// Puts a message behind all others of its peer.
    mutating func append(_ message: ZeroMQMessage) {
        let peer = namesPeers ? message.frames.first ?? [] : []
        count += 1
        byteCount += message.byteCount
        if lines[peer]?.append(message) == nil {
            lines[peer] = [message]
            turns.append(peer)
        }
    }

    /// Takes up to `countMax` messages, one of each peer in turn. After the one with which they
    /// have `bytesMax` bytes, it takes no more.
    mutating func take(countMax: Int, bytesMax: Int) -> [ZeroMQMessage] {
        var batch: [ZeroMQMessage] = []
        batch.reserveCapacity(min(countMax, count))
        var bytes = 0
        while batch.count < countMax, bytes < bytesMax, let peer = turns.popFirst() {
            guard let message = lines[peer]?.popFirst() else { continue }
            if lines[peer]?.isEmpty == true { lines[peer] = nil } else { turns.append(peer) }
            bytes += message.byteCount
            batch.append(message)
        }
        count -= batch.count
        byteCount -= bytes
        return batch
    }
}
