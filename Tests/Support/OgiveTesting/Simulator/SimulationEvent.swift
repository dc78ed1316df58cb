internal import OgiveCore

/// What happens in a simulation. Indirect: the queue moves events about.
indirect enum SimulationEvent: Sendable {
    /// A message reaches whoever coordinates, under a routing id and from the owner of a key.
    case toCoordinator(FromWorker, owner: UInt64)
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
    /// Coordinators with too many workers let one go each.
    case balance
    /// A poison prompt ends a worker.
    case poison(WorkerID)
    /// A worker begins in a place that is empty.
    case startWorker(Int)
    /// A coordinator dies.
    case killCoordinator(Int)
    /// A fault happens.
    case fault(Fault)
    /// Nothing bad happens any more.
    case heal

    /// What faults there are. Workers are named by their place.
    enum Fault: Hashable, Sendable {
        /// The worker dies; another one takes the place later.
        case crash(Int)
        /// The worker is stopped for a while.
        case pause(Int)
        /// The worker drains, then another one takes the place.
        case drain(Int)
        /// A place more.
        case join
        /// The worker leaves, dead or drained, and nobody takes its place.
        case leave(Int)
        /// The worker's links are cut for a while: up, down, or both.
        case cut(Int, up: Bool, down: Bool)
        /// One of the worker's links holds everything back for a while.
        case clog(Int, up: Bool)
        /// A message under the worker's routing id comes from somebody else.
        case steal(Int)
        /// A worker with a key of its own names leases that it was never granted.
        case forge(Int)
        /// A new coordinator leads in a seat; the former one is dead, or goes on unaware.
        case replaceCoordinator(Int)
        /// The coordinator of a seat is stopped for a while; another one may take over.
        case pauseCoordinator(Int)
        /// Runs go to other coordinators.
        case regroup
        /// All workers end at once, drained or dead, and others take their places.
        case endAll(drains: Bool)
        /// The database does not answer for a while.
        case outage
        /// The database is read-only for a while.
        case readOnly
        /// A wall clock jumps by an hour.
        case stepClock
        /// A person raises the number of draws.
        case raise
        /// A person asks for a retry of the failures.
        case retry
        /// A person raises the budget.
        case raiseBudget
        /// A person asks for another scoring of what the first run has stored.
        case rescore
    }
}
