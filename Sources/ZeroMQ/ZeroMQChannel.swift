import DedicatedThread

/// One socket on a thread of its own, with an asynchronous face.
///
/// `run()` opens context and socket, polls, and closes both before it returns, when its task is
/// cancelled or `stop()` is called. Other tasks send and iterate over `incoming` meanwhile; they
/// never touch the socket, and no thread of the cooperative pool ever blocks.
///
/// Bounds: `ZeroMQChannelConfiguration`. Requests to send are answered in the channel's next turn,
/// whatever the peers do; they hold no more than their callers, who wait for the answer.
package actor ZeroMQChannel {
    /// What the channel receives.
    package nonisolated let incoming: ZeroMQIncoming

    private let configuration: ZeroMQChannelConfiguration
    private let executor: DedicatedThreadExecutor
    private let mailbox: ChannelMailbox
    /// Answers who may connect, where the configuration says who.
    nonisolated let authenticator: Authenticator?
    let authentication = AuthenticationWatch()

    /// Starts the thread; opens nothing yet.
    ///
    /// - Throws: `resourcesExhausted` when there is no thread or descriptor left.
    package init(_ configuration: ZeroMQChannelConfiguration) throws(ZeroMQError) {
        precondition(
            configuration.incomingMax > 0 && configuration.incomingBytesMax > 0
                && configuration.batchMax > 0, "a channel's bounds are positive")
        precondition(
            configuration.isCurveServer == (configuration.authorize != nil),
            "a server's key comes with the question who may connect")
        authenticator = try configuration.authorize.map { authorize throws(ZeroMQError) in
            try Authenticator(domain: Self.domain, authorize: authorize)
        }
        do {
            executor = try DedicatedThreadExecutor(name: configuration.name)
            mailbox = ChannelMailbox(configuration, wake: try WakeDescriptor())
        } catch {
            throw ZeroMQError(.resourcesExhausted, error.message, cause: error)
        }
        incoming = ZeroMQIncoming(mailbox: mailbox)
        self.configuration = configuration
    }

    /// The channel's own thread.
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the actor holds the executor for as long as it lives.
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Opens the addresses and serves until the task is cancelled or `stop()` is called; what was
    /// accepted for sending goes out within the linger. Call it once.
    ///
    /// - Throws: what `ZeroMQSocket` throws on opening, `terminated`, `system`.
    package func run() async throws(ZeroMQError) {
        mailbox.start()
        let outcome = await withTaskCancellationHandler {
            await authenticated()
        } onCancel: {
            mailbox.stop()
        }
        // Only now, with context and socket gone: who waits for the end finds all closed.
        mailbox.finish(outcome)
        try outcome.get()
    }

    /// Ends `run()` after what is queued for sending has been given to libzmq.
    package nonisolated func stop() {
        mailbox.stop()
    }

    /// Replaces the socket: closes it, and opens another one with these options and addresses.
    /// What is not sent by then goes out within the linger, or is lost with the connection.
    package nonisolated func reopen(
        options: [ZeroMQOption], addresses: [ZeroMQChannelConfiguration.Address]
    ) {
        mailbox.replace(SocketPlan(options: options, addresses: addresses))
    }

    /// Why nobody new can be let in any more; `nil` while all is well.
    package nonisolated var authenticationFailure: ZeroMQError? { authentication.failure }

    /// Waits until nobody new can be let in any more, and says why; `nil` when the channel ended
    /// before that, or the task is cancelled. For one caller.
    package nonisolated func untilAuthenticationFails() async -> ZeroMQError? {
        await authentication.wait()
    }

    /// Waits until the addresses are open, and names them as libzmq does, ports and paths chosen.
    ///
    /// - Throws: the error with which opening failed, `closed` after the end, `cancelled`.
    package nonisolated func addresses() async throws(ZeroMQError) -> [String] {
        try await mailbox.addresses().get()
    }

    /// Hands one message to libzmq and says what became of it. Not subject to cancellation: a task
    /// that is being cancelled may still say good-bye.
    package nonisolated func send(_ frames: [[UInt8]]) async -> ZeroMQSendResult {
        await mailbox.send([frames]).first ?? .notOpen
    }

    /// Hands messages to libzmq in their order, one result for each: cheaper than one by one. After
    /// one that was not sent, the others are still tried.
    package nonisolated func send(batch: [[[UInt8]]]) async -> [ZeroMQSendResult] {
        batch.isEmpty ? [] : await mailbox.send(batch)
    }

    /// The domain for which the authenticator answers; libzmq would not ask for an empty one.
    private static let domain = "ogive"

    /// Serves with the authenticator beside it: it is there before the first socket.
    private func authenticated() async -> Result<Void, ZeroMQError> {
        do throws(ZeroMQError) {
            // A local, so that it ends here: stored properties would be destroyed in an order that
            // makes the termination of the context wait for its own socket.
            let context = try ZeroMQContext()
            guard let authenticator else { return await sockets(context) }
            try await authenticator.open(context)
            return await withTaskGroup(of: Void.self) { group in
                group.addTask { [authentication] in
                    let outcome = await authenticator.outcome()
                    authentication.ended(outcome)
                }
                let outcome = await sockets(context)
                authentication.finish()
                authenticator.end()
                return outcome
            }
        } catch {
            return .failure(error)
        }
    }

    /// One socket after the other, as they are replaced.
    private func sockets(_ context: ZeroMQContext) async -> Result<Void, ZeroMQError> {
        var plan = configuration.plan
        var number = 1
        while true {
            switch await monitored(context, plan, number) {
            case .success(.some(let next)): plan = next
            case .success(.none): return .success(())
            case .failure(let error): return .failure(error)
            }
            number += 1
        }
    }

    /// Serves one socket with its monitor beside it; gives what is to replace it.
    private func monitored(
        _ context: ZeroMQContext, _ plan: SocketPlan, _ number: Int
    ) async -> Result<SocketPlan?, ZeroMQError> {
        do throws(ZeroMQError) {
            guard let observe = configuration.observe else {
                return .success(try await serve(context, plan, monitor: nil))
            }
            let monitor = try SocketMonitor(
                name: configuration.name + "-m", number: number, observe: observe)
            try await monitor.open(context)
            return await withTaskGroup(of: Void.self) { group in
                group.addTask { [mailbox] in
                    // Unread events would hold up all connections: rather end at once.
                    if case .failure = await monitor.outcome() { mailbox.stop() }
                }
                defer { monitor.end() }
                do throws(ZeroMQError) {
                    return .success(try await serve(context, plan, monitor: monitor.address))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            return .failure(error)
        }
    }

    private func serve(
        _ context: ZeroMQContext, _ plan: SocketPlan, monitor: String?
    ) async throws(ZeroMQError) -> SocketPlan? {
        // Before any address is open, so that there is no moment without a guard.
        let guarding: [ZeroMQOption] =
            authenticator == nil
            ? [] : [.authenticationDomain(Self.domain), .authenticationEnforced(true)]
        let socket = try ZeroMQSocket.open(
            context, configuration.type, options: guarding + plan.options)
        if let monitor { try socket.startMonitor(monitor) }
        let outcome: Result<SocketPlan?, ZeroMQError>
        do throws(ZeroMQError) {
            mailbox.opened(try open(plan.addresses, socket))
            outcome = .success(try await turns(socket))
        } catch {
            outcome = .failure(error)
        }
        // Before its reader goes, or the I/O thread would wait for nobody.
        socket.stopMonitor()
        socket.close()
        return try outcome.get()
    }

    private func open(
        _ addresses: [ZeroMQChannelConfiguration.Address], _ socket: borrowing ZeroMQSocket
    ) throws(ZeroMQError) -> [String] {
        var opened: [String] = []
        for address in addresses {
            switch address {
            case .bind(let text): try socket.bind(text)
            case .connect(let text): try socket.connect(text)
            }
            opened.append(try socket.lastAddress())
        }
        return opened
    }

    /// Sends and receives until the channel is stopped, or the socket is to be replaced.
    private func turns(
        _ socket: borrowing ZeroMQSocket
    ) async throws(ZeroMQError) -> SocketPlan? {
        while true {
            let turn = mailbox.takeTurn()
            for request in turn.requests { request.answer(try results(of: request, socket)) }
            if turn.isLast { return nil }
            if let replacement = turn.replacement { return replacement }
            let received = try socket.receive(
                countMax: turn.countMax, bytesMax: turn.bytesMax)
            mailbox.deliver(received)
            var othersWait = executor.hasWaitingJobs
            if received.isEmpty, turn.requests.isEmpty, !othersWait {
                let ready = try socket.poll(
                    for: turn.countMax > 0 ? .readable : [],
                    wakes: [mailbox.wake, executor.wake], timeout: nil)
                mailbox.wake.drain()
                // The descriptor decides, not the queue: signalled late, for a job already taken,
                // it would end every poll at once until the thread takes another job.
                othersWait = ready.woken.last == true
            }
            if othersWait { await Task.yield() }
        }
    }

    private func results(
        of request: SendRequest, _ socket: borrowing ZeroMQSocket
    ) throws(ZeroMQError) -> [ZeroMQSendResult] {
        var results: [ZeroMQSendResult] = []
        results.reserveCapacity(request.batch.count)
        do throws(ZeroMQError) {
            for frames in request.batch { results.append(try socket.send(frames)) }
        } catch {
            // The caller must not wait for ever; the channel ends with the error.
            let rest = request.batch.count - results.count
            request.answer(results + Array(repeating: .notOpen, count: rest))
            throw error
        }
        return results
    }
}

/// What a channel opens, and the bounds it keeps.
package struct ZeroMQChannelConfiguration: Sendable {
    /// An address, and which side of it to take.
    package enum Address: Sendable, Equatable {
        /// Listen there.
        case bind(String)
        /// Connect to it, again and again.
        case connect(String)
    }

    /// The name of the channel's thread; Linux shows its first 15 bytes.
    package var name: String
    /// The type of the socket.
    package var type: ZeroMQSocketType
    /// The socket's options, set before the addresses are opened.
    package var options: [ZeroMQOption]
    /// What to bind and connect, in this order.
    package var addresses: [Address]
    /// Who may connect: together with `curveServer` among the options, and never without. The
    /// channel then asks it for every connection, and refuses all when it cannot.
    package var authorize: ZeroMQAuthorizer?
    /// Notified of what becomes of connections, with the number of the socket, 1 and one more for
    /// each that replaces it; on a thread for this alone: it must return at once.
    package var observe: (@Sendable (ZeroMQSocketEvent, Int) -> Void)?
    /// Received messages that wait for the consumer; at the bound the channel stops reading,
    /// libzmq's queue fills, and then the peer's.
    package var incomingMax = 10_000
    /// The bytes of such messages; the last message may exceed it.
    package var incomingBytesMax = 64 << 20
    /// The most messages received before the channel looks at what else there is to do, and
    /// likewise the most requests to send that it takes at a time, and the most messages that the
    /// consumer gets at once.
    package var batchMax = 1_000

    /// A channel with default bounds.
    package init(
        name: String, type: ZeroMQSocketType, options: [ZeroMQOption] = [], addresses: [Address]
    ) {
        self.name = name
        self.type = type
        self.options = options
        self.addresses = addresses
    }

    /// What the first socket is opened with.
    var plan: SocketPlan { SocketPlan(options: options, addresses: addresses) }

    /// Whether the channel has a server's key.
    var isCurveServer: Bool {
        options.contains { option in
            if case .curveServer = option { true } else { false }
        }
    }
}

/// What a socket of a channel is opened with.
struct SocketPlan: Sendable {
    let options: [ZeroMQOption]
    let addresses: [ZeroMQChannelConfiguration.Address]
}
