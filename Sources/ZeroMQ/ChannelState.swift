/// What a channel knows apart from its socket; its methods say what is to be done, and to whom.
struct ChannelState {
    typealias Batch = [ZeroMQMessage]
    typealias Opened = Result<[String], ZeroMQError>

    /// How far `run()` is.
    enum Phase {
        case idle
        case opening
        case open([String])
        case finished(ZeroMQError?)
    }

    /// What the loop does in one go.
    struct Turn {
        var requests: [SendRequest] = []
        var countMax = 0
        var bytesMax = 0
        var isLast = false
        /// What the next socket is opened with, when this one is to be replaced.
        var replacement: SocketPlan?
    }

    /// Large batches that fill the buffer.
    private static let batchesInBuffer = 8

    private let incomingMax: Int
    private let incomingBytesMax: Int
    private let batchMax: Int
    private(set) var phase = Phase.idle
    private var isStopping = false
    private var replacement: SocketPlan?
    /// Whether the loop has been woken and has not taken its turn since.
    private var isWoken = false
    private var requests: [SendRequest] = []
    private var buffer: FairQueue
    private(set) var consumers = Waiters<Batch?>()
    private(set) var openers = Waiters<Opened>()

    init(_ configuration: ZeroMQChannelConfiguration) {
        incomingMax = configuration.incomingMax
        incomingBytesMax = configuration.incomingBytesMax
        batchMax = configuration.batchMax
        buffer = FairQueue(namesPeers: configuration.type == .router)
    }

    /// Whether someone must wake the loop: only the first one since its last turn.
    mutating func wakes() -> Bool {
        defer { isWoken = true }
        return !isWoken
    }

    mutating func start() {
        guard case .idle = phase else { preconditionFailure("a channel runs once") }
        phase = .opening
    }

    mutating func stop() -> Bool {
        isStopping = true
        return wakes()
    }

    /// True when the loop must be woken.
    mutating func replace(_ plan: SocketPlan) -> Bool {
        replacement = plan
        return wakes()
    }

    mutating func opened(_ addresses: [String]) -> [Waiters<Opened>.Continuation] {
        phase = .open(addresses)
        return openers.removeAll()
    }

    /// False when the channel does not take requests.
    mutating func add(_ request: SendRequest) -> Bool {
        switch phase {
        case .opening where !isStopping, .open where !isStopping:
            requests.append(request)
            return true
        default:
            return false
        }
    }

    mutating func takeTurn() -> Turn {
        isWoken = false
        var turn = Turn()
        if isStopping || requests.count <= batchMax {
            swap(&turn.requests, &requests)
        } else {
            turn.requests = Array(requests.prefix(batchMax))
            requests.removeFirst(batchMax)
        }
        turn.isLast = isStopping
        turn.replacement = replacement
        replacement = nil
        if !isFull {
            turn.countMax = min(batchMax, incomingMax - buffer.count)
            turn.bytesMax = incomingBytesMax - buffer.byteCount
        }
        return turn
    }

    /// Who gets the batch; nil when it was kept.
    mutating func deliver(_ batch: Batch) -> Waiters<Batch?>.Continuation? {
        if let consumer = consumers.removeFirst() { return consumer }
        for message in batch { buffer.append(message) }
        return nil
    }

    private var isFull: Bool {
        buffer.count >= incomingMax || buffer.byteCount >= incomingBytesMax
    }

    /// What a consumer gets at once; nil when it has to wait. Not all that is there: what comes
    /// meanwhile from other peers waits for no more than this.
    mutating func takeBatch() -> (batch: Batch?, wakes: Bool)? {
        guard buffer.isEmpty else {
            let wasFull = isFull
            let batch = buffer.take(
                countMax: batchMax, bytesMax: max(1, incomingBytesMax / Self.batchesInBuffer))
            return (batch, wasFull && !isFull && wakes())
        }
        if case .finished = phase { return (nil, false) }
        return nil
    }

    mutating func addConsumer(_ id: Int, _ continuation: Waiters<Batch?>.Continuation) {
        consumers.add(id, continuation)
    }

    mutating func removeConsumer(_ id: Int) -> Waiters<Batch?>.Continuation? {
        consumers.remove(id)
    }

    /// What is known about the opening; nil when one has to wait.
    var opening: Opened? {
        switch phase {
        case .idle, .opening: nil
        case .open(let addresses): .success(addresses)
        case .finished(let error):
            .failure(error ?? ZeroMQError(.closed, "the channel has ended"))
        }
    }

    mutating func addOpener(_ id: Int, _ continuation: Waiters<Opened>.Continuation) {
        openers.add(id, continuation)
    }

    mutating func removeOpener(_ id: Int) -> Waiters<Opened>.Continuation? {
        openers.remove(id)
    }

    /// Ends everything; says whom to notify.
    mutating func finish(_ error: ZeroMQError?) -> Leftover {
        phase = .finished(error)
        defer { requests = [] }
        return Leftover(
            requests: requests, consumers: consumers.removeAll(), openers: openers.removeAll())
    }

    /// Who still waits at the end.
    struct Leftover {
        let requests: [SendRequest]
        let consumers: [Waiters<Batch?>.Continuation]
        let openers: [Waiters<Opened>.Continuation]
    }
}

/// Messages that wait to be sent, and the caller who waits for the results.
struct SendRequest: Sendable {
    let batch: [[[UInt8]]]
    private let caller: CheckedContinuation<[ZeroMQSendResult], Never>

    init(batch: [[[UInt8]]], caller: CheckedContinuation<[ZeroMQSendResult], Never>) {
        self.batch = batch
        self.caller = caller
    }

    /// Wakes the caller; once.
    func answer(_ results: [ZeroMQSendResult]) {
        caller.resume(returning: results)
    }

    /// Wakes the caller: nothing was sent.
    func refuse() {
        answer(Array(repeating: .notOpen, count: batch.count))
    }
}

/// Suspended callers in the order of their coming, each with a number by which it can leave.
struct Waiters<Value: Sendable> {
    typealias Continuation = CheckedContinuation<Value, Never>

    private var waiting: [(id: Int, continuation: Continuation)] = []

    mutating func add(_ id: Int, _ continuation: Continuation) {
        waiting.append((id, continuation))
    }

    mutating func remove(_ id: Int) -> Continuation? {
        waiting.firstIndex { $0.id == id }.map { waiting.remove(at: $0).continuation }
    }

    mutating func removeFirst() -> Continuation? {
        waiting.isEmpty ? nil : waiting.removeFirst().continuation
    }

    mutating func removeAll() -> [Continuation] {
        defer { waiting = [] }
        return waiting.map(\.continuation)
    }
}
