import Synchronization

/// Whether a channel's authenticator still answers; told by its task, asked by everybody.
final class AuthenticationWatch: Sendable {
    private struct State {
        var isFinished = false
        var failure: ZeroMQError?
    }

    private let state = Mutex(State())
    private let failures: AsyncStream<ZeroMQError>
    private let feed: AsyncStream<ZeroMQError>.Continuation

    init() {
        (failures, feed) = AsyncStream.makeStream()
    }

    /// Why nobody new can be let in; `nil` while all is well.
    var failure: ZeroMQError? { state.withLock { $0.failure } }

    /// The channel ends, and the authenticator with it.
    func finish() {
        state.withLock { $0.isFinished = true }
        feed.finish()
    }

    /// The authenticator ended: a failure unless the channel does.
    func ended(_ outcome: Result<Void, ZeroMQError>) {
        var cause: ZeroMQError?
        if case .failure(let error) = outcome { cause = error }
        let failure = state.withLock { [cause] state -> ZeroMQError? in
            guard !state.isFinished else { return nil }
            state.failure = ZeroMQError(
                .closed, "the authentication has ended: nobody new is let in", cause: cause)
            return state.failure
        }
        if let failure { feed.yield(failure) }
    }

    /// The failure when it comes; `nil` when the channel ends first. For one caller.
    func wait() async -> ZeroMQError? {
        for await failure in failures { return failure }
        return nil
    }
}
