package import OgiveCore

/// Results of a worker, or leases for one, that go out as one message: the envelope, its encryption
/// and what each message costs on the way are paid once for all of them.
package struct EnvelopeBatch: Sendable {
    /// Bytes after which no more is added. Larger messages cost no less a byte, and one of so many
    /// has far fewer items than a reader takes.
    static let bytesMax = 128 << 10

    private let worker: WorkerID
    private let term: Term
    private var field: UInt64 = 0
    private var bodies: [[UInt8]] = []
    private var byteCount = 0

    /// Begins with nothing from or for a worker.
    package init(worker: WorkerID, term: Term) {
        self.worker = worker
        self.term = term
    }

    /// Adds a result; `false` when it has no room beside what is there. Throws what a decoder would
    /// throw for it.
    package mutating func add(_ result: TaskResult) throws(WireError) -> Bool {
        if isFull { return false }
        var writer = FieldWriter(capacity: FieldWriter.expectedBytes(of: result))
        try writer.result(result)
        return add(writer.bytes, to: WorkerEnvelope.results)
    }

    /// Adds a lease; `false` when it has no room beside what is there. Throws what a decoder would
    /// throw for it.
    package mutating func add(_ lease: Lease) throws(WireError) -> Bool {
        if isFull { return false }
        var writer = FieldWriter(capacity: FieldWriter.expectedBytes(of: lease))
        try writer.lease(lease)
        return add(writer.bytes, to: CoordinatorEnvelope.leases)
    }

    /// The bytes of the envelope; throws `tooLarge` when they are too many.
    package func encoded() throws(WireError) -> [UInt8] {
        try WireEnvelope.seal(field, bodies, worker: worker, term: term)
    }

    private var isFull: Bool { byteCount >= Self.bytesMax || bodies.count >= WireLimits.leases }

    private mutating func add(_ body: [UInt8], to field: UInt64) -> Bool {
        let hasRoom = bodies.isEmpty || byteCount + body.count <= Self.bytesMax
        guard hasRoom, bodies.isEmpty || self.field == field else { return false }
        self.field = field
        bodies.append(body)
        byteCount += body.count
        return true
    }
}
