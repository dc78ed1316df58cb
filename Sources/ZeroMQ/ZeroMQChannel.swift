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

    /// Starts the thread; opens nothing yet.
    ///
    /// - Throws: `resourcesExhausted` when there is no thread or descriptor left.
    package init(_ configuration: ZeroMQChannelConfiguration) throws(ZeroMQError) {
        precondition(
            configuration.incomingMax > 0 && configuration.incomingBytesMax > 0
                && configuration.batchMax > 0, "a channel's bounds are positive")
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

    /// Opens the endpoints and serves until the task is cancelled or `stop()` is called; what was
    /// accepted for sending goes out within the linger. Call it once.
    ///
    /// - Throws: what `ZeroMQSocket` throws on opening, `terminated`, `system`.
    package func run() async throws(ZeroMQError) {
        mailbox.start()
        let outcome = await withTaskCancellationHandler {
            await serve()
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

    /// Waits until the endpoints are open, and names them as libzmq does, ports and paths chosen.
    ///
    /// - Throws: the error with which opening failed, `closed` after the end, `cancelled`.
    package nonisolated func endpoints() async throws(ZeroMQError) -> [String] {
        try await mailbox.endpoints().get()
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

    private func serve() async -> Result<Void, ZeroMQError> {
        do throws(ZeroMQError) {
            // Locals, so that they end here: stored properties would be destroyed in an order that
            // makes the termination of the context wait for its own socket.
            let context = try ZeroMQContext()
            let socket = try ZeroMQSocket.open(
                context, configuration.type, options: configuration.options)
            mailbox.opened(try open(socket))
            try await turns(socket)
            socket.close()
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private func open(_ socket: borrowing ZeroMQSocket) throws(ZeroMQError) -> [String] {
        var opened: [String] = []
        for endpoint in configuration.endpoints {
            switch endpoint {
            case .bind(let address): try socket.bind(address)
            case .connect(let address): try socket.connect(address)
            }
            opened.append(try socket.lastEndpoint())
        }
        return opened
    }

    private func turns(_ socket: borrowing ZeroMQSocket) async throws(ZeroMQError) {
        while true {
            let turn = mailbox.takeTurn()
            for request in turn.requests { request.answer(try results(of: request, socket)) }
            if turn.isLast { return }
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
