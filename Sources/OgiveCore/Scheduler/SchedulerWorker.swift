/// A registered worker.
struct SchedulerWorker {
    let id: WorkerID
    let name: String
    let offer: Offer
    var credit: Int
    var lastSeen: Instant
    var isDraining = false
    /// Tasks leased to it.
    var tasks: Set<TaskID> = []
    /// Runs that it serves, ascending.
    var serves: [RunID] = []
    /// Runs that it says it cannot serve, and why.
    var declined: [RunID: String] = [:]
    /// Runs whose specification it was sent.
    var told: Set<RunID> = []
    /// Why it gets no work, as last told.
    var note: String?
    /// Endpoints of its models that get no requests, as last told.
    var shut: [EndpointOutage] = []
    /// Whether it stands in the queue for work.
    var isQueued = false
    /// The suspect that it was granted last: while it has it, it gets nothing else.
    var suspect: TaskID?
    /// Whether it is to be granted an ordinary task before the next suspect.
    var owesOthers = true

    /// Whether it works on a suspect.
    var isAlone: Bool { suspect.map(tasks.contains) ?? false }

    /// Whether it would take a task, were it empty.
    var isWilling: Bool { !isDraining && credit > 0 }

    func hasRoom(beyondCredit extra: Int = 0) -> Bool {
        !isDraining && !isAlone && tasks.count < credit + extra
    }

    var record: WorkerRecord {
        let state: WorkerRecord.State = isDraining ? .draining : note == nil ? .active : .idle
        var record = WorkerRecord(id: id, name: name, state: state, note: note)
        record.shut = shut
        return record
    }
}
