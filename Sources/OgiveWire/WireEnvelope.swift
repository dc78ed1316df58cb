internal import FoundationEssentials
package import OgiveCore
internal import SwiftProtobuf

/// What both directions' envelopes have in common.
enum WireEnvelope {
    /// A decoded envelope whose header is checked and whose body is not.
    struct Opened {
        /// The worker that sent it or that it is for.
        var worker: WorkerID
        /// The term of the last `Welcome`.
        var term: Term
        /// What it holds.
        var body: Ogive_V1_Envelope.OneOf_Body
    }

    /// Opens an envelope of this version, or a refusal in any version.
    static func open(_ bytes: [UInt8], _ header: WireHeader) throws(WireError) -> Opened {
        guard header.version == WireHeader.version else {
            // A refusal has the same shape in every version, so that the reason can be told.
            if let opened = try? decode(bytes), case .refused = opened.body { return opened }
            throw WireError(
                .unknownVersion,
                "message in protocol version \(header.version), where \(WireHeader.version) is"
                    + " spoken: run the same version of Ogive on both sides",
                header: header)
        }
        return try decode(bytes)
    }

    /// The header of an envelope of this version that holds a Hello, readable or not; `nil` when
    /// there is none, or nobody to answer.
    static func openHello(_ bytes: [UInt8]) -> WireHeader? {
        guard let header = try? WireHeader(decoding: bytes), header.version == WireHeader.version,
            let envelope = try? Ogive_V1_HelloEnvelope(
                serializedBytes: bytes, options: WireHeader.decoding),
            envelope.hasHello, WorkerID(bytes: header.worker) != nil
        else { return nil }
        return header
    }

    /// Seals a body into bytes; throws `tooLarge` when they are too many.
    static func seal(
        _ body: Ogive_V1_Envelope.OneOf_Body, worker: WorkerID, term: Term
    ) throws(WireError) -> [UInt8] {
        var envelope = Ogive_V1_Envelope()
        envelope.magic = WireHeader.magic
        envelope.protocolVersion = WireHeader.version
        envelope.term = term.rawValue
        envelope.worker = Data(worker.bytes)
        envelope.body = body
        let bytes: [UInt8]
        do {
            bytes = try envelope.serializedBytes()
        } catch {
            throw WireError(.tooLarge, "the message cannot be encoded", cause: error)
        }
        return try bounded(bytes)
    }

    /// Seals bodies of a hot message into bytes; throws `tooLarge` when they are too many.
    ///
    /// The message of number `field` has them in its field 1, one after the other.
    static func seal(
        _ field: UInt64, _ bodies: [[UInt8]], worker: WorkerID, term: Term
    ) throws(WireError) -> [UInt8] {
        let count = bodies.reduce(0) { $0 + $1.count }
        var writer = FieldWriter(capacity: count + headerBytes + bodies.count * 5)
        writer.header(worker: worker, term: term)
        writer.message(field, about: count + bodies.count * 3) { writer in
            for body in bodies { writer.message(1, body) }
        }
        return try bounded(writer.bytes)
    }

    /// More bytes than the fields around a body take.
    static let headerBytes = 64

    /// Passes bytes that are not too many.
    static func bounded(_ bytes: [UInt8]) throws(WireError) -> [UInt8] {
        guard bytes.count <= WireLimits.messageBytes else {
            throw WireError(
                .tooLarge,
                "message of \(bytes.count) bytes; at most \(WireLimits.messageBytes) are allowed")
        }
        return bytes
    }

    private static func decode(_ bytes: [UInt8]) throws(WireError) -> Opened {
        try ElementCount.check(bytes)
        let envelope: Ogive_V1_Envelope
        do {
            envelope = try Ogive_V1_Envelope(serializedBytes: bytes, options: WireHeader.decoding)
        } catch {
            throw WireError(
                .malformed, "message of \(bytes.count) bytes is truncated or damaged",
                cause: error)
        }
        guard let worker = WorkerID(bytes: Array(envelope.worker)) else {
            throw WireError(
                .invalidValue, "envelope.worker has \(envelope.worker.count) bytes, not 16")
        }
        guard let body = envelope.body else {
            throw WireError(.wrongBody, "the envelope holds no message that is known")
        }
        return Opened(worker: worker, term: Term(envelope.term), body: body)
    }
}

/// The part of an envelope that every version of the protocol has, and where its body lies.
package struct WireHeader: Hashable, Sendable {
    /// What each envelope begins with: "OGVE" in memory.
    package static let magic: UInt32 = 0x4556_474F
    /// The version of the protocol that this program speaks.
    package static let version: UInt32 = 3

    /// The version that the sender speaks.
    package var version: UInt32 = 0
    /// The 16 bytes of the worker's incarnation, unchecked.
    package var worker: [UInt8] = []
    /// The term of the last `Welcome`.
    var term: Int64 = 0
    /// The number of the last body that came; 0 when there is none.
    var body: UInt64 = 0
    /// Where it lies; empty for one in another form.
    var content = 0..<0

    /// Reads the header alone and passes over the rest.
    ///
    /// Throws `tooLarge`, `malformed` and `wrongMagic`, but takes any version.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        _ = try WireEnvelope.bounded(bytes)
        let wire = WireBytes(bytes)
        guard bytes.starts(with: Self.opening) else {
            throw WireError(
                .wrongMagic, "message of \(bytes.count) bytes does not begin as Ogive's do")
        }
        var magic = Self.magic
        var cursor = wire.all
        while let field = try wire.field(&cursor) {
            switch (field.number, field.form) {
            case (1, .fixed32): magic = try wire.fixed32(&cursor)
            case (2, .varint): version = try wire.number32(field, &cursor)
            case (3, .varint): term = try wire.signed(field, &cursor)
            case (4, .bytes): worker = Array(bytes[try wire.range(field, &cursor)])
            case (10..<50, .bytes):
                (body, content) = (field.number, try wire.range(field, &cursor))
            default: try wire.skip(field, &cursor)
            }
        }
        // A later field of the same number wins in protobuf.
        guard magic == Self.magic else {
            throw WireError(.wrongMagic, "message gives its magic twice and differently")
        }
    }

    /// The first bytes of each envelope: its magic.
    private static let opening: [UInt8] = [0x0D, 0x4F, 0x47, 0x56, 0x45]

    /// The worker, of 16 bytes.
    func workerID() throws(WireError) -> WorkerID {
        guard let worker = WorkerID(bytes: worker) else {
            throw WireError(.invalidValue, "envelope.worker has \(worker.count) bytes, not 16")
        }
        return worker
    }

    /// Fields that this version does not know are passed over.
    static var decoding: BinaryDecodingOptions {
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        options.messageDepthLimit = 8
        return options
    }
}

extension FieldWriter {
    /// Writes the part of an envelope before its body.
    mutating func header(worker: WorkerID, term: Term) {
        fixed32(1, WireHeader.magic)
        number(2, UInt64(WireHeader.version))
        signed(3, term.rawValue)
        bytes(4, worker.bytes)
    }
}

/// Messages of a worker with their sender, as they go over the wire: one of any kind, or results
/// that are sent together.
package struct WorkerEnvelope: Hashable, Sendable {
    /// The sender.
    package var worker: WorkerID
    /// The term of the last `Welcome` that the sender got; 0 before.
    package var term: Term
    /// The messages; at least one, and only results when there are several.
    package private(set) var messages: [WorkerMessage]

    /// The message, the first of several.
    package var message: WorkerMessage { messages[0] }

    /// Joins the parts.
    package init(worker: WorkerID, term: Term, message: WorkerMessage) {
        self.init(worker: worker, term: term, messages: [message])
    }

    private init(worker: WorkerID, term: Term, messages: [WorkerMessage]) {
        self.worker = worker
        self.term = term
        self.messages = messages
    }

    /// Reads an envelope; never traps, whatever the bytes are.
    ///
    /// The error of a `Hello` that cannot be read has a `header`, where it can be told who waits
    /// for its answer.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        do throws(WireError) {
            let header = try WireHeader(decoding: bytes)
            if header.version == WireHeader.version, header.body == Self.results {
                try ElementCount.check(bytes)
                self.init(
                    worker: try header.workerID(), term: Term(header.term),
                    messages: try WireBytes(bytes).results(header.content)
                        .map(WorkerMessage.result))
                return
            }
            let opened = try WireEnvelope.open(bytes, header)
            self.init(
                worker: opened.worker, term: opened.term,
                message: try WorkerMessage(wire: opened.body))
        } catch {
            throw error.ofHello(in: bytes)
        }
    }

    /// The bytes of the envelope; throws what a decoder would throw for them.
    package func encoded() throws(WireError) -> [UInt8] {
        if case .result = message {
            var bodies: [[UInt8]] = []
            for case .result(let result) in messages {
                var writer = FieldWriter(capacity: FieldWriter.expectedBytes(of: result))
                try writer.result(result)
                bodies.append(writer.bytes)
            }
            return try WireEnvelope.seal(Self.results, bodies, worker: worker, term: term)
        }
        guard let body = message.wire else {
            throw WireError(.wrongBody, "results are sent as columns")
        }
        _ = try WorkerMessage(wire: body)
        return try WireEnvelope.seal(body, worker: worker, term: term)
    }

    /// The number of the field of results.
    static let results: UInt64 = 17
}

extension WireError {
    /// This fault of an envelope, with its header if it holds a `Hello`.
    fileprivate func ofHello(in bytes: [UInt8]) -> WireError {
        guard header == nil, let opened = WireEnvelope.openHello(bytes) else { return self }
        var error = self
        error.header = opened
        if code == .malformed { error.message += ", or a text in it is not UTF-8" }
        return error
    }
}

/// Messages of a coordinator with the worker that they are for, as they go over the wire: one of
/// any kind, or leases that are sent together.
package struct CoordinatorEnvelope: Hashable, Sendable {
    /// The receiver.
    package var worker: WorkerID
    /// The term of the last `Welcome` that the coordinator gave to any worker; 0 before.
    package var term: Term
    /// The messages; at least one, and only leases when there are several.
    package private(set) var messages: [CoordinatorMessage]

    /// The message, the first of several.
    package var message: CoordinatorMessage { messages[0] }

    /// Joins the parts.
    package init(worker: WorkerID, term: Term, message: CoordinatorMessage) {
        self.init(worker: worker, term: term, messages: [message])
    }

    private init(worker: WorkerID, term: Term, messages: [CoordinatorMessage]) {
        self.worker = worker
        self.term = term
        self.messages = messages
    }

    /// Reads an envelope; never traps, whatever the bytes are.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        let header = try WireHeader(decoding: bytes)
        if header.version == WireHeader.version, [Self.leases, Self.acks].contains(header.body) {
            try ElementCount.check(bytes)
            let wire = WireBytes(bytes)
            self.init(
                worker: try header.workerID(), term: Term(header.term),
                messages: header.body == Self.leases
                    ? try wire.leases(header.content).map(CoordinatorMessage.lease)
                    : [.acks(try wire.acks(header.content))])
            return
        }
        let opened = try WireEnvelope.open(bytes, header)
        self.init(
            worker: opened.worker, term: opened.term,
            message: try CoordinatorMessage(wire: opened.body))
    }

    /// The bytes of the envelope; throws what a decoder would throw for them.
    package func encoded() throws(WireError) -> [UInt8] {
        switch message {
        case .lease:
            var bodies: [[UInt8]] = []
            for case .lease(let lease) in messages {
                var writer = FieldWriter(capacity: FieldWriter.expectedBytes(of: lease))
                try writer.lease(lease)
                bodies.append(writer.bytes)
            }
            return try WireEnvelope.seal(Self.leases, bodies, worker: worker, term: term)
        case .acks(let names):
            var body = FieldWriter(capacity: 32 * names.count)
            try body.acks(names)
            var writer = FieldWriter(capacity: body.bytes.count + WireEnvelope.headerBytes)
            writer.header(worker: worker, term: term)
            writer.message(Self.acks, body.bytes)
            return try WireEnvelope.bounded(writer.bytes)
        default:
            guard let body = message.wire else {
                throw WireError(.wrongBody, "leases are sent as columns")
            }
            _ = try CoordinatorMessage(wire: body)
            return try WireEnvelope.seal(body, worker: worker, term: term)
        }
    }

    /// The number of the field of leases.
    static let leases: UInt64 = 41
    /// The number of the field of acknowledgements.
    private static let acks: UInt64 = 33
}
