import DedicatedThread
import Synchronization

/// Says which user a public key stands for; `nil` refuses the key. Called on the handler's own
/// thread: it must not wait for anything.
package typealias ZeroMQAuthorizer = @Sendable (ZeroMQPublicKey) -> String?

/// Answers libzmq's questions who may connect, on a thread of its own (RFC 27).
///
/// It waits for nobody: while it is away or slow only new handshakes fail, and connections that
/// stand are served. A router, so that a question that cannot be answered blocks no other.
actor Authenticator {
    private let domain: String
    private let authorize: ZeroMQAuthorizer
    private let executor: DedicatedThreadExecutor
    private let ending: WakeDescriptor
    private var socket: ZeroMQSocket?

    /// Starts the thread.
    init(domain: String, authorize: @escaping ZeroMQAuthorizer) throws(ZeroMQError) {
        do {
            executor = try DedicatedThreadExecutor(name: "ogive-zap")
            ending = try WakeDescriptor()
        } catch {
            throw ZeroMQError(.resourcesExhausted, error.message, cause: error)
        }
        self.domain = domain
        self.authorize = authorize
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the actor holds the executor for as long as it lives.
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Listens, before any socket of the context is bound.
    func open(_ context: ZeroMQContext) throws(ZeroMQError) {
        let socket = try ZeroMQSocket.open(context, .router, options: [.linger(.zero)])
        try socket.bind(AuthenticationRequest.address)
        self.socket = consume socket
    }

    /// As `serve()`, for a task that must not throw.
    func outcome() -> Result<Void, ZeroMQError> {
        do throws(ZeroMQError) {
            return .success(try serve())
        } catch {
            return .failure(error)
        }
    }

    /// Answers until `end()`; afterwards libzmq refuses every handshake.
    func serve() throws(ZeroMQError) {
        guard let socket = self.socket.take() else { return }
        while true {
            let ready = try socket.poll(for: .readable, wakes: [ending], timeout: nil)
            if ready.woken.first == true { return }
            while let message = try socket.receive() {
                let request = AuthenticationRequest(frames: message.frames)
                guard let answer = request.answer(domain: domain, authorize) else { continue }
                // What cannot be sent is for a session that is gone.
                _ = try socket.send(answer)
            }
        }
    }

    /// Ends `serve()`.
    nonisolated func end() {
        ending.signal()
    }
}

/// A question of libzmq's to the authentication handler (RFC 27), and its answer.
///
/// Pure and total: whatever the frames hold, there is an answer, or none to be given.
struct AuthenticationRequest {
    /// Where the handler listens; the name is fixed by RFC 27.
    static let address = "inproc://zeromq.zap.01"
    /// How many frames a question about CURVE has, the asking session's two included.
    private static let frameCount = 9

    /// The frames as a router received them: session, empty, version, request, domain, address,
    /// routing id, mechanism, key.
    let frames: [[UInt8]]

    /// The answer's frames; `nil` when it is not even clear to whom it would go.
    ///
    /// - Parameters:
    ///   - domain: the only one whose connections may be let in.
    ///   - authorize: the user that a key stands for; `nil` refuses it.
    func answer(domain: String, _ authorize: ZeroMQAuthorizer) -> [[UInt8]]? {
        guard frames.count >= 4, frames[1].isEmpty else { return nil }
        guard frames[2] == Array("1.0".utf8), frames.count == Self.frameCount else {
            return reply(500, "malformed request")
        }
        guard frames[4] == Array(domain.utf8) else { return reply(400, "unknown domain") }
        guard frames[7] == Array("CURVE".utf8) else { return reply(400, "not CURVE") }
        guard let key = ZeroMQPublicKey(bytes: frames[8]) else {
            return reply(400, "not a key")
        }
        // An empty user is what an unauthenticated connection has.
        guard let user = authorize(key), !user.isEmpty, user.utf8.count <= 255 else {
            return reply(400, "key not authorised")
        }
        return reply(200, "OK", user: user)
    }

    private func reply(_ status: Int, _ text: String, user: String = "") -> [[UInt8]] {
        [frames[0], [], Array("1.0".utf8), frames[3], Array("\(status)".utf8), Array(text.utf8)]
            + [Array(user.utf8), []]
    }
}

/// Whether a channel's authenticator still answers; set by its task, read by everybody.
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
