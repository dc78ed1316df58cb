internal import OgiveCore
internal import OgiveWire
internal import ZeroMQ

/// Turns what a dealer receives into messages of the coordinator, and drops what is none.
struct WorkerDecoder: Sendable {
    let worker: WorkerID
    let ledger: DropLedger
    let term: TermCell

    func decode(_ batch: [ZeroMQMessage]) -> [CoordinatorMessage] {
        batch.compactMap { received in
            guard received.frames.count == 1 else {
                ledger.drop(
                    .wrongFrames, from: "coordinator",
                    because: "\(received.frames.count) frames came where 1 is expected")
                return nil
            }
            return open(received.frames[0])
        }
    }

    private func open(_ bytes: [UInt8]) -> CoordinatorMessage? {
        do throws(WireError) {
            let envelope = try CoordinatorEnvelope(decoding: bytes)
            guard envelope.worker == worker else {
                ledger.drop(
                    .wrongWorker, from: "coordinator",
                    because: "it is for worker \(envelope.worker), and this is \(worker)")
                return nil
            }
            if case .welcome(let welcome) = envelope.message { term.value = welcome.term }
            return envelope.message
        } catch {
            ledger.drop(
                error.code == .unknownVersion ? .unknownVersion : .invalid, from: "coordinator",
                because: error.message)
            return nil
        }
    }
}
