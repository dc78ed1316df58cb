internal import FoundationEssentials
internal import OgiveCore
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
