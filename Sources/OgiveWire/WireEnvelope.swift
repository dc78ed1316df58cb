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
    static func open(_ bytes: [UInt8]) throws(WireError) -> Opened {
        let header = try WireHeader(decoding: bytes)
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

    /// The part of a result that can be read when its items cannot.
    struct OpenedResult {
        /// The worker that sent it.
        var worker: WorkerID
        /// The term of the last `Welcome`.
        var term: Term
        /// The result without its items.
        var header: Ogive_V1_ResultHeader
    }

    /// Reads that part of an envelope of this version; `nil` when there is none.
    static func openResult(_ bytes: [UInt8]) -> OpenedResult? {
        guard let header = try? WireHeader(decoding: bytes), header.version == WireHeader.version,
            (try? ElementCount.check(bytes)) != nil,
            let envelope = try? Ogive_V1_ResultEnvelope(
                serializedBytes: bytes, options: WireHeader.decoding),
            envelope.hasResult, envelope.result.hasClaim,
            let worker = WorkerID(bytes: Array(envelope.worker))
        else { return nil }
        return OpenedResult(
            worker: worker, term: Term(envelope.term), header: envelope.result)
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

/// The part of an envelope that every version of the protocol has.
package struct WireHeader: Hashable, Sendable {
    /// What each envelope begins with: "OGVE" in memory.
    package static let magic: UInt32 = 0x4556_474F
    /// The version of the protocol that this program speaks.
    package static let version: UInt32 = 3

    /// The version that the sender speaks.
    package var version: UInt32
    /// The 16 bytes of the worker's incarnation, unchecked.
    package var worker: [UInt8]

    /// Reads the header alone and passes over the rest.
    ///
    /// Throws `tooLarge`, `malformed` and `wrongMagic`, but takes any version.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= WireLimits.messageBytes else {
            throw WireError(
                .tooLarge,
                "message of \(bytes.count) bytes; at most \(WireLimits.messageBytes) are allowed")
        }
        let opening: [UInt8] = [0x0D, 0x4F, 0x47, 0x56, 0x45]
        guard bytes.starts(with: opening) else {
            throw WireError(
                .wrongMagic, "message of \(bytes.count) bytes does not begin as Ogive's do")
        }
        var header = Ogive_V1_EnvelopeHeader()
        do {
            header = try Ogive_V1_EnvelopeHeader(
                serializedBytes: bytes, options: WireHeader.decoding)
        } catch {
            throw WireError(
                .malformed, "message of \(bytes.count) bytes is truncated or damaged",
                cause: error)
        }
        // A later field of the same number wins in protobuf.
        guard header.magic == Self.magic else {
            throw WireError(.wrongMagic, "message gives its magic twice and differently")
        }
        version = header.protocolVersion
        worker = Array(header.worker)
    }

    /// Fields that this version does not know are passed over.
    static var decoding: BinaryDecodingOptions {
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        options.messageDepthLimit = 8
        return options
    }
}

/// A worker's message with its sender, as it goes over the wire.
package struct WorkerEnvelope: Hashable, Sendable {
    /// The sender.
    package var worker: WorkerID
    /// The term of the last `Welcome` that the sender got; 0 before.
    package var term: Term
    /// The message.
    package var message: WorkerMessage

    /// Joins the parts.
    package init(worker: WorkerID, term: Term, message: WorkerMessage) {
        self.worker = worker
        self.term = term
        self.message = message
    }

    /// Reads an envelope; never traps, whatever the bytes are.
    ///
    /// The error of a `Hello` that cannot be read has a `header`, where it can be told who waits
    /// for its answer.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        do throws(WireError) {
            let opened = try WireEnvelope.open(bytes)
            self.init(
                worker: opened.worker, term: opened.term,
                message: try WorkerMessage(wire: opened.body))
        } catch {
            guard error.code == .malformed, let result = WireEnvelope.openResult(bytes),
                let claim = try? LeaseClaim(wire: result.header.claim)
            else { throw error.ofHello(in: bytes) }
            var faulty = TaskResult(
                claim: claim, part: try WireCheck.number(result.header.part, "result.part"),
                items: [])
            faulty.fault = error.message + ", or a text in it is not UTF-8"
            self.init(worker: result.worker, term: result.term, message: .result(faulty))
        }
    }

    /// The bytes of the envelope; throws what a decoder would throw for them.
    package func encoded() throws(WireError) -> [UInt8] {
        let body = message.wire
        _ = try WorkerMessage(wire: body)
        if case .result(let result) = body { _ = try TaskResult.items(of: result) }
        return try WireEnvelope.seal(body, worker: worker, term: term)
    }
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

/// A coordinator's message with the worker that it is for, as it goes over the wire.
package struct CoordinatorEnvelope: Hashable, Sendable {
    /// The receiver.
    package var worker: WorkerID
    /// The term of the last `Welcome` that the coordinator gave to any worker; 0 before.
    package var term: Term
    /// The message.
    package var message: CoordinatorMessage

    /// Joins the parts.
    package init(worker: WorkerID, term: Term, message: CoordinatorMessage) {
        self.worker = worker
        self.term = term
        self.message = message
    }

    /// Reads an envelope; never traps, whatever the bytes are.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        let opened = try WireEnvelope.open(bytes)
        self.init(
            worker: opened.worker, term: opened.term,
            message: try CoordinatorMessage(wire: opened.body))
    }

    /// The bytes of the envelope; throws what a decoder would throw for them.
    package func encoded() throws(WireError) -> [UInt8] {
        let body = message.wire
        _ = try CoordinatorMessage(wire: body)
        return try WireEnvelope.seal(body, worker: worker, term: term)
    }
}
