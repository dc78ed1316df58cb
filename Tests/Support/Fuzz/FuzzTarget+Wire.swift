import OgiveCore
import OgiveWire

extension FuzzTarget {
    /// What workers send.
    static let fromWorker = FuzzTarget(
        name: "wire-worker", mutator: Mutator(grammar: .protobuf, samples: workerEnvelopes())
    ) { bytes throws(Broken) in
        let envelope: WorkerEnvelope
        do throws(WireError) {
            envelope = try WorkerEnvelope(decoding: bytes)
        } catch {
            return try refused(error.message)
        }
        // Of a result with wrong items only the claim is taken: it does not encode to itself.
        if let fault = fault(of: envelope.message) { return try refused(fault) }
        try again { () throws(WireError) in
            try WorkerEnvelope(decoding: envelope.encoded()) == envelope
        }
        return .taken
    }

    private static func fault(of message: WorkerMessage) -> String? {
        guard case .result(let result) = message else { return nil }
        return result.fault
    }

    /// What coordinators send.
    static let fromCoordinator = FuzzTarget(
        name: "wire-coordinator",
        mutator: Mutator(grammar: .protobuf, samples: coordinatorEnvelopes())
    ) { bytes throws(Broken) in
        let envelope: CoordinatorEnvelope
        do throws(WireError) {
            envelope = try CoordinatorEnvelope(decoding: bytes)
        } catch {
            return try refused(error.message)
        }
        try again { () throws(WireError) in
            try CoordinatorEnvelope(decoding: envelope.encoded()) == envelope
        }
        return .taken
    }

    /// What decoded must encode, and decode to the same.
    private static func again(_ isSame: () throws(WireError) -> Bool) throws(Broken) {
        do throws(WireError) {
            guard try isSame() else { throw WireError(.malformed, "it decodes to something else") }
        } catch {
            throw Broken("what decoded does not do so again: \(error.message)")
        }
    }

    private static func workerEnvelopes() -> [[UInt8]] {
        var messages = RandomMessages(seed: 1)
        return (0..<400).compactMap { kind in
            let message = messages.workerMessage(kind)
            let envelope = WorkerEnvelope(
                worker: messages.workerID(), term: messages.term(), message: message)
            return try? envelope.encoded()
        }
    }

    private static func coordinatorEnvelopes() -> [[UInt8]] {
        var messages = RandomMessages(seed: 2)
        return (0..<400).compactMap { kind in
            let message = messages.coordinatorMessage(kind)
            let envelope = CoordinatorEnvelope(
                worker: messages.workerID(), term: messages.term(), message: message)
            return try? envelope.encoded()
        }
    }
}
