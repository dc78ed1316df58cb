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
    /// The envelope from its start, as far as it is written.
    private var writer = FieldWriter(capacity: 0)
    /// Where the length of the body stands, which is known at the end.
    private var body = FieldWriter.Open(start: 0, expected: 0)
    private var count = 0

    /// Begins with nothing from or for a worker.
    package init(worker: WorkerID, term: Term) {
        self.worker = worker
        self.term = term
    }

    /// Adds a result; `false` when it has no room beside what is there. Throws what a decoder would
    /// throw for it.
    package mutating func add(_ result: TaskResult) throws(WireError) -> Bool {
        try add(to: WorkerEnvelope.results, about: FieldWriter.expectedBytes(of: result)) {
            (writer) throws(WireError) in try writer.result(result)
        }
    }

    /// Adds a lease; `false` when it has no room beside what is there. Throws what a decoder would
    /// throw for it.
    package mutating func add(_ lease: Lease) throws(WireError) -> Bool {
        try add(to: CoordinatorEnvelope.leases, about: FieldWriter.expectedBytes(of: lease)) {
            (writer) throws(WireError) in try writer.lease(lease)
        }
    }

    /// The bytes of the envelope; throws `tooLarge` when they are too many.
    package func encoded() throws(WireError) -> [UInt8] {
        var writer = writer
        if count == 0 { return try WireEnvelope.seal(field, [], worker: worker, term: term) }
        writer.close(body)
        return try WireEnvelope.bounded(writer.bytes)
    }

    /// Bytes of the entries.
    private var byteCount: Int { writer.bytes.count - body.contentStart }

    private var isFull: Bool { byteCount >= Self.bytesMax || count >= WireLimits.leases }

    private mutating func add(
        to field: UInt64, about bytesExpected: Int,
        _ write: (inout FieldWriter) throws(WireError) -> Void
    ) throws(WireError) -> Bool {
        if count > 0 {
            guard !isFull, self.field == field else { return false }
        } else {
            self.field = field
            writer = FieldWriter(capacity: bytesExpected + WireEnvelope.headerBytes)
            writer.header(worker: worker, term: term)
            body = writer.open(field, about: Self.bytesMax)
        }
        let end = writer.bytes.count
        let entry = writer.open(1, about: bytesExpected)
        do throws(WireError) {
            try write(&writer)
        } catch {
            writer.cut(to: end)
            throw error
        }
        writer.close(entry)
        guard count == 0 || byteCount <= Self.bytesMax else {
            writer.cut(to: end)
            return false
        }
        count += 1
        return true
    }
}
