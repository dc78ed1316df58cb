package import OgiveCore

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
    package init(decoding bytes: [UInt8]) throws(WireError) {
        let opened = try WireEnvelope.open(bytes)
        self.init(
            worker: opened.worker, term: opened.term,
            message: try WorkerMessage(wire: opened.body))
    }

    /// The bytes of the envelope; throws what a decoder would throw for them.
    package func encoded() throws(WireError) -> [UInt8] {
        let body = message.wire
        _ = try WorkerMessage(wire: body)
        return try WireEnvelope.seal(body, worker: worker, term: term)
    }
}
