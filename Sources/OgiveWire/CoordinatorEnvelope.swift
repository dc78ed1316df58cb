package import OgiveCore

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
