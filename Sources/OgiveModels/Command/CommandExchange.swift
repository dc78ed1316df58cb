internal import OgiveCore
internal import Synchronization

/// The requests that a scoring subprocess has to answer, and the lines that are to be written.
final class CommandExchange: Sendable {
    /// Where the answer of one request goes.
    typealias Answers = AsyncStream<(Int, Result<Double, ModelError>)>.Continuation

    /// Most requests that wait for an answer.
    static let pendingMax = 65_536

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
        /// Lines of a time without a subprocess.
        var backlog: [Int: [UInt8]] = [:]
        var writer: AsyncStream<[UInt8]>.Continuation?
        var progress = Progress()
    }

    private let state = Mutex(State())

    /// Puts a request on its way; its answer will come as (place, result). `encode` makes the line
    /// for the id that it is given. `nil` when there are too many.
    func submit(place: Int, answers: Answers, encode: (Int) -> [UInt8]) -> Int? {
        state.withLock { state in
            guard state.pending.count < Self.pendingMax else { return nil }
            let id = state.nextID
            state.nextID += 1
            state.pending[id] = (place, answers)
            let line = encode(id)
            if let writer = state.writer { writer.yield(line) } else { state.backlog[id] = line }
            return id
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
                state.backlog[id] = nil
            }
        }
    }

    /// Begins the time of a subprocess: the lines to be written, those that waited first.
    func open() -> AsyncStream<[UInt8]> {
        // At most `pendingMax` lines: each belongs to a pending request.
        let (lines, writer) = AsyncStream.makeStream(of: [UInt8].self)
        state.withLock { state in
            for (_, line) in state.backlog.sorted(by: { $0.key < $1.key }) { writer.yield(line) }
            state.backlog = [:]
            state.writer = writer
            state.progress = Progress(sessions: state.progress.sessions + 1, answered: 0)
        }
        return lines
    }

    /// Takes an answer.
    func receive(_ reply: CommandReply) {
        let waiting = state.withLock { state in
            state.progress.answered += 1
            return state.pending.removeValue(forKey: reply.id)
        }
        if let waiting { waiting.answers.yield((waiting.place, reply.result)) }
    }

    /// Ends the time of a subprocess: everything that waits fails. Returns the number of answers.
    @discardableResult
    func close(_ error: ModelError) -> Int {
        let (waiting, answered) = state.withLock { state in
            defer {
                state.pending = [:]
                state.backlog = [:]
                state.writer = nil
            }
            state.writer?.finish()
            return (state.pending, state.progress.answered)
        }
        for entry in waiting.values { entry.answers.yield((entry.place, .failure(error))) }
        return answered
    }
}
