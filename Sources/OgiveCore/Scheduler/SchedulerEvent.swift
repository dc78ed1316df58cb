extension Scheduler {
    /// What happened.
    package enum Event: Sendable {
        /// The runs that are open now, all of them, in order of id.
        case runs([RunDescription])
        /// A page of pending items came.
        case page(RunID, PendingPage)
        /// A page could not be read.
        case pageFailed(RunID, StoreError)
        /// A worker said something.
        case message(FromWorker)
        /// A message could not be queued.
        case sendFailed(ToWorker, SendOutcome)
        /// A batch is committed.
        case landed(BatchID, LandingReceipt)
        /// A batch is not committed, or it is unknown whether it is.
        case landingFailed(BatchID, StoreError)
        /// Fingerprints are bound.
        case bound(FingerprintBinding)
        /// Fingerprints could not be bound.
        case bindFailed(RunID, StoreError)
        /// The database says whether the run is finished.
        case finished(RunID, RunState)
        /// It could not be asked.
        case finishFailed(RunID, StoreError)
        /// The database says that another coordinator leads.
        case superseded(StoreError)
        /// The database refuses what concerns all runs, and will go on to.
        case refused(StoreError)
        /// Grant nothing while it is `true`: another coordinator may lead.
        case hold(Bool)
        /// Time went by, and all messages that came until now were handled.
        case tick
        /// Time went by, and this is what was listened to.
        case listened(ListeningTime)
        /// Grant nothing any more; land what comes.
        case drain
    }

    /// What is to be done.
    package enum Effect: Sendable {
        /// Send a message.
        case send(ToWorker)
        /// Read a page: `page` or `pageFailed` answers.
        case fetchPage(RunDescription, after: PromptID?, limit: PageLimit)
        /// Commit a batch: `landed` or `landingFailed` answers.
        case land(LandingBatch)
        /// Bind fingerprints: `bound` or `bindFailed` answers.
        case bind(FingerprintBinding)
        /// Mark the run as finished if it is: `finished` or `finishFailed` answers.
        case finish(RunID)
        /// Record a worker for `ogive status`.
        case record(WorkerRecord)
        /// Tell the operator.
        case notice(Notice)
        /// Stop at once: this coordinator must not write any more.
        case stop(StoreError)
    }

    /// What is asked of the database for a run, besides landing.
    package enum StoreCall: String, Sendable {
        /// To read a page of pending items.
        case page = "read a page of"
        /// To bind fingerprints.
        case bind = "bind the models of"
        /// To say whether it is finished.
        case finish = "finish"
    }

    /// What an operator wants to read in the log.
    package enum Notice: Sendable {
        /// A worker registered.
        case registered(WorkerID, name: String)
        /// A worker fell silent; its tasks go to others.
        case lost(WorkerID, name: String, tasks: Int)
        /// A worker left.
        case left(WorkerID, name: String)
        /// A lease ran out.
        case expired(LeaseName, worker: WorkerID)
        /// A result under a lease that was granted anew was dropped.
        case stale(LeaseName, worker: WorkerID)
        /// A result, or a lease in a hello, was refused.
        case rejected(WorkerID, name: String, reason: String)
        /// A worker gets no work.
        case unserved(WorkerID, name: String, reason: String)
        /// A worker cannot serve a run.
        case declined(WorkerID, name: String, reason: String)
        /// A batch could not be committed and is tried again.
        case landingPaused(StoreError, retryIn: Duration)
        /// The database did not do something for a run, which is asked again.
        case callFailed(StoreCall, run: String, StoreError, retryIn: Duration)
        /// A run is closed, and how: never `open`.
        case finished(RunID, name: String, RunState)
    }
}
