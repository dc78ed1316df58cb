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
    /// Runs whose specification it was sent.
    var told: Set<RunID> = []
    /// Why it gets no work, as last told.
    var note: String?
    /// Whether it stands in the queue for work.
    var isQueued = false

    var hasRoom: Bool { !isDraining && tasks.count < credit }

    var record: WorkerRecord {
        let state: WorkerRecord.State = isDraining ? .draining : note == nil ? .active : .idle
        return WorkerRecord(id: id, name: name, state: state, note: note)
    }
}
