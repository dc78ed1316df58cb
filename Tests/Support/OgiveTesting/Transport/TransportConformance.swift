internal import OgiveCore

/// What every transport must hold to: run on the fake and on sockets alike.
///
/// Each check throws `ConformanceFailure` when it finds a breach. Where a check waits for the
/// network it asks again and again, up to a deadline.
package struct TransportConformance<Fixture: TransportFixture>: Sendable {
    /// The checks by name.
    package enum Check: String, CaseIterable, Sendable {
        /// A worker's messages arrive in order, complete, and under its name.
        case orderFromEachWorker
        /// A coordinator's messages arrive in order at the worker that they are for.
        case orderToEachWorker
        /// The term of the last welcome goes with what a worker sends.
        case termOfWelcome
        /// Large messages pass whole, and larger ones are refused before they are sent.
        case largeMessages
        /// Nobody is reached before it connects or after it left.
        case unreachableWithoutPeer
        /// A slow worker fills its queue, other workers are served, nothing queued is lost.
        case fullQueue
        /// A worker that comes back under its id is reached again.
        case reconnection
        /// Closing ends both sides' messages, and sending answers `unreachable`.
        case closing
    }

    let fixture: Fixture
    let patience = Duration.seconds(300)

    /// Checks the transport of a fixture.
    package init(_ fixture: Fixture) {
        self.fixture = fixture
    }

    /// Runs one check.
    package func run(_ check: Check) async throws {
        switch check {
        case .orderFromEachWorker: try await orderFromEachWorker()
        case .orderToEachWorker: try await orderToEachWorker()
        case .termOfWelcome: try await termOfWelcome()
        case .largeMessages: try await largeMessages()
        case .unreachableWithoutPeer: try await unreachableWithoutPeer()
        case .fullQueue: try await fullQueue()
        case .reconnection: try await reconnection()
        case .closing: try await closing()
        }
    }

    // MARK: What the checks share

    /// Asks until the answer is as wanted; throws after `patience`.
    func eventually(
        _ wanted: SendOutcome, _ ask: () async throws -> SendOutcome
    ) async throws {
        let deadline = ContinuousClock.now + patience
        var answer = try await ask()
        while answer != wanted {
            guard ContinuousClock.now < deadline else {
                throw ConformanceFailure("sending answers \(answer), and never \(wanted)")
            }
            try await Task.sleep(for: .milliseconds(1))
            answer = try await ask()
        }
    }

    /// Lets a worker connect: says hello until it is queued.
    func greet(_ worker: Fixture.Worker) async throws {
        try await eventually(.queued) { await worker.send(.hello(Self.hello)) }
    }

    func send(
        _ message: CoordinatorMessage, to worker: WorkerID, by coordinator: Fixture.Coordinator
    ) async throws -> SendOutcome {
        let outcomes = await coordinator.send([ToWorker(worker: worker, message: message)])
        try ConformanceFailure.require(
            outcomes.count == 1, "one message was answered by \(outcomes.count) outcomes")
        return outcomes[0]
    }

    static var hello: Hello {
        Hello(
            name: "host:1", version: "1", offer: Offer(policies: [], scorers: []), credit: 1,
            inFlight: [])
    }

    static func worker(_ number: UInt64) -> WorkerID {
        WorkerID(high: 1 << 63, low: number)
    }

    static func cancel(_ number: Int) -> CoordinatorMessage {
        .cancel(
            LeaseName(
                term: Term(1), task: TaskID(UInt64(bitPattern: Int64(number))), epoch: Epoch(1)))
    }
}
