internal import DequeModule
internal import OgiveCore
internal import Synchronization

/// The requests that a scoring subprocess has to answer, and the lines that are to be written.
final class CommandExchange: Sendable {
    /// Where the answer of one request goes.
    typealias Answers = AsyncStream<(Int, Result<Score, ModelError>)>.Continuation

    /// Most requests that wait for an answer.
    static let pendingMax = 65_536
    /// Most bytes of lines that wait to be written.
    static let lineBytesMax = 256 << 20

    /// How far the subprocesses have come.
    struct Progress: Equatable {
        /// Number of starts.
        var sessions = 0
        /// Answers received since the last start.
        var answered = 0
    }

    private struct State {
        var nextID = 0
        var pending: [Int: (place: Int, answers: Answers)] = [:]
        /// Lines that are still to be written: those of pending requests only.
        var lines: [Int: [UInt8]] = [:]
        var lineBytes = 0
        var order = Deque<Int>()
        /// Wakes the one who writes.
        var writer: AsyncStream<Void>.Continuation?
        var progress = Progress()
        /// What the first subprocess said of itself, and who waits to hear it.
        var facts: CommandFacts?
        var listeners: [AsyncStream<Result<CommandFacts, ModelError>>.Continuation] = []

        /// Takes a line out.
        mutating func take(_ id: Int) -> [UInt8]? {
            let line = lines.removeValue(forKey: id)
            lineBytes -= line?.count ?? 0
            return line
        }
    }

    private let state = Mutex(State())

    /// Puts a request on its way; its answer will come as (place, result). `encode` makes the line
    /// for the id that it is given. `nil` when there are too many, or too many bytes.
    func submit(place: Int, answers: Answers, encode: (Int) -> [UInt8]) -> Int? {
        state.withLock { state in
            guard state.pending.count < Self.pendingMax,
                state.lineBytes < Self.lineBytesMax
            else { return nil }
            let id = state.nextID
            state.nextID += 1
            state.pending[id] = (place, answers)
            let line = encode(id)
            state.lines[id] = line
            state.lineBytes += line.count
            state.order.append(id)
            state.writer?.yield()
            return id
        }
    }

    /// The next line that is to be written; `nil` when none waits. Lines of requests that were
    /// forgotten are passed over.
    func nextLine() -> [UInt8]? {
        state.withLock { state in
            while let id = state.order.popFirst() {
                if let line = state.take(id) { return line }
            }
            return nil
        }
    }

    /// How far the subprocesses have come.
    var progress: Progress { state.withLock { $0.progress } }

    /// Has the subprocess ended and started anew if nothing has come from it since `progress`.
    func interrupt(since progress: Progress) {
        state.withLock { state in
            guard state.progress == progress else { return }
            state.writer?.finish()
            state.writer = nil
        }
    }

    /// Forgets requests whose deadline passed; a late answer is dropped.
    func forget(_ ids: [Int]) {
        state.withLock { state in
            for id in ids {
                state.pending[id] = nil
                _ = state.take(id)
            }
            // Their places in the order go with the oldest line that is still to be written.
            while let first = state.order.first, state.lines[first] == nil {
                state.order.removeFirst()
            }
            if state.order.count > 2 * Self.pendingMax {
                state.order.removeAll { state.lines[$0] == nil }
            }
        }
    }

    /// Begins the time of a subprocess; the stream says when `nextLine` may have lines.
    func open() -> AsyncStream<Void> {
        // One wake-up says it all: whoever writes takes every line.
        let (wakes, writer) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { state in
            state.writer = writer
            state.progress = Progress(sessions: state.progress.sessions + 1, answered: 0)
        }
        writer.yield()
        return wakes
    }

    /// Takes an answer.
    func receive(_ reply: CommandReply) {
        let waiting = state.withLock { state in
            state.progress.answered += 1
            return state.pending.removeValue(forKey: reply.id)
        }
        if let waiting { waiting.answers.yield((waiting.place, reply.result.map { Score($0) })) }
    }

    /// Hears what a subprocess says of itself. Throws `wrongModel` when a former one said other.
    func announce(_ facts: CommandFacts) throws(ModelError) {
        let (former, listeners) = state.withLock { state in
            defer {
                state.facts = state.facts ?? facts
                state.listeners = []
            }
            return (state.facts, state.listeners)
        }
        guard let former, former != facts else {
            for listener in listeners { listener.yield(.success(facts)) }
            return
        }
        let changes = Fingerprint(former.facts).differences(from: Fingerprint(facts.facts))
        throw ModelError(
            .wrongModel,
            "the scoring command is another one since it was started anew "
                + "(\(changes.joined(separator: ", "))); start the worker again to offer it")
    }

    /// What the subprocess says of itself, as soon as one says it or ends: one element.
    func announcements() -> AsyncStream<Result<CommandFacts, ModelError>> {
        let (stream, listener) = AsyncStream.makeStream(
            of: Result<CommandFacts, ModelError>.self, bufferingPolicy: .bufferingNewest(1))
        let known = state.withLock { state in
            if state.facts == nil { state.listeners.append(listener) }
            return state.facts
        }
        if let known { listener.yield(.success(known)) }
        return stream
    }

    /// Ends the time of a subprocess: everything that waits fails. Returns the number of answers.
    @discardableResult
    func close(_ error: ModelError) -> Int {
        let (waiting, answered, listeners) = state.withLock { state in
            defer {
                state.listeners = []
                state.pending = [:]
                state.lines = [:]
                state.lineBytes = 0
                state.order = []
                state.writer = nil
            }
            state.writer?.finish()
            return (state.pending, state.progress.answered, state.listeners)
        }
        for listener in listeners { listener.yield(.failure(error)) }
        for entry in waiting.values { entry.answers.yield((entry.place, .failure(error))) }
        return answered
    }
}
