internal import OgiveCore

/// What happens in a simulation.
enum SimulationEvent: Sendable {
    /// A message reaches whoever coordinates.
    case toCoordinator(FromWorker)
    /// A message reaches a worker.
    case toWorker(ToWorker)
    /// Time goes by for a coordinator.
    case coordinatorTick(Int)
    /// A coordinator reads the open runs.
    case poll(Int)
    /// The database gets a call.
    case storeCall(Int, Scheduler.Effect)
    /// A coordinator gets an answer, or hears that a message could not be sent.
    case answer(Int, Scheduler.Event)
    /// Time goes by for a worker.
    case workerTick(WorkerID)
    /// A worker's pipeline says something.
    case work(WorkerID, WorkerSession.Event)
    /// The worker in a place dies; another one takes the place later.
    case crashWorker(Int)
    /// A worker begins in a place that is empty.
    case startWorker(Int)
    /// The worker in a place is stopped for a while.
    case pauseWorker(Int)
    /// The worker in a place drains, then another one takes the place.
    case drainWorker(Int)
    /// A new coordinator leads; the former one is dead, or goes on unaware.
    case replaceCoordinator
    /// A coordinator dies.
    case killCoordinator(Int)
    /// The number of draws is raised.
    case raise
    /// Nothing bad happens any more.
    case heal

    /// A short name with what tells events apart.
    var summary: String {
        switch self {
        case .toCoordinator(let message):
            "C \(message.worker.low) \(message.term.rawValue) \(Self.name(message.message))"
        case .toWorker(let message): "W \(message.worker.low) \(Self.name(message.message))"
        case .coordinatorTick(let id): "ct \(id)"
        case .poll(let id): "p \(id)"
        case .storeCall(let id, _): "s \(id)"
        case .answer(let id, _): "a \(id)"
        case .workerTick(let id): "wt \(id.low)"
        case .work(let id, _): "w \(id.low)"
        case .crashWorker(let place): "crash \(place)"
        case .startWorker(let place): "start \(place)"
        case .pauseWorker(let place): "pause \(place)"
        case .drainWorker(let place): "drain \(place)"
        case .replaceCoordinator: "replace"
        case .killCoordinator(let id): "kill \(id)"
        case .raise: "raise"
        case .heal: "heal"
        }
    }

    private static func name(_ message: WorkerMessage) -> String {
        switch message {
        case .hello(let hello): "hello \(hello.inFlight.map { name($0.lease) })"
        case .credit(let credit): "credit \(credit)"
        case .result(let result): "result \(name(result.lease)) \(result.part)"
        case .heartbeat: "heartbeat"
        case .returned(let leases): "returned \(leases.map(name))"
        case .draining: "draining"
        case .goodbye: "goodbye"
        }
    }

    private static func name(_ message: CoordinatorMessage) -> String {
        switch message {
        case .welcome(let welcome):
            "welcome \(welcome.term.rawValue) \(welcome.adopted.map { name($0.new) })"
        case .serve(let run): "serve \(run.id.rawValue)"
        case .lease(let lease): "lease \(name(lease.name)) \(lease.prompt.id.rawValue)"
        case .ack(let result): "ack \(name(result.lease)) \(result.part)"
        case .cancel(let lease): "cancel \(name(lease))"
        case .drain: "drain"
        case .reRegister: "reRegister"
        case .idle: "idle"
        case .refused: "refused"
        case .heartbeat: "heartbeat"
        }
    }

    private static func name(_ lease: LeaseName) -> String {
        "\(lease.term.rawValue).\(lease.task.rawValue).\(lease.epoch.rawValue)"
    }
}
