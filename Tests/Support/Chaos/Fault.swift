/// What happens every few seconds.
enum Fault: String, CaseIterable {
    case killWorker = "SIGKILL to a worker"
    case stopWorker = "SIGSTOP to a worker"
    case killCoordinator = "SIGKILL to the coordinator"
    case stopCoordinator = "SIGSTOP to the coordinator"
    case crashPostgres = "crash of PostgreSQL"
    case cutDatabase = "connections to PostgreSQL cut"
    case cutBeforeCommit = "connection cut before COMMIT"
    case cutAfterCommit = "connection cut after COMMIT"
    case cutWorkers = "connections of the workers cut"
    case holdUp = "nothing from the workers"
    case holdDown = "nothing to the workers"
    case policyFault = "errors of the policy"
    case scorerFault = "errors of the scorer"
    case killModels = "SIGKILL to the model server"

    /// How often each comes: workers are lost more often than servers.
    static let bag: [Fault] = allCases.flatMap { fault in
        switch fault {
        case .killWorker: Array(repeating: fault, count: 6)
        case .stopWorker, .killCoordinator, .cutBeforeCommit, .cutAfterCommit:
            Array(repeating: fault, count: 2)
        default: [fault]
        }
    }
}

/// What puts an end to a fault.
enum Recovery {
    case startWorker(String)
    case continueWorker(String)
    case startCoordinator
    case continueCoordinator
    case startPostgres
    case cutHeldCommit
    case releaseWorkers
    case repairModels
    case startModels
}
