import DedicatedThread

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
        try socket.bind(AuthenticationRequest.endpoint)
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
