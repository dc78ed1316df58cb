internal import OgiveCore
internal import Synchronization

/// The leases in the pipeline, and which of them are not wanted any more, so that stages stop
/// waiting for servers on their behalf.
final class PipelineLeases: Sendable {
    /// Whether each lease in the pipeline is still wanted.
    private let wanted = Mutex([WorkerSession.Ticket: Bool]())

    /// A lease enters the pipeline.
    func enter(_ ticket: WorkerSession.Ticket) {
        wanted.withLock { $0[ticket] = true }
    }

    /// A lease is not wanted any more; nothing happens when it left the pipeline already.
    func stop(_ ticket: WorkerSession.Ticket) {
        wanted.withLock { wanted in
            if wanted[ticket] != nil { wanted[ticket] = false }
        }
    }

    /// A lease leaves the pipeline.
    func leave(_ ticket: WorkerSession.Ticket) {
        wanted.withLock { _ = $0.removeValue(forKey: ticket) }
    }

    /// Whether work on a lease is to go on.
    func isWanted(_ ticket: WorkerSession.Ticket) -> Bool {
        wanted.withLock { $0[ticket] ?? false }
    }

    /// Number of leases in the pipeline.
    var count: Int {
        wanted.withLock { $0.count }
    }
}
