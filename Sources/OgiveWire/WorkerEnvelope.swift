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
