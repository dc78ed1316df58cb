internal import OgiveCore
internal import OgiveWire
internal import ZeroMQ

/// Turns what a router receives into messages of workers, and drops what is none.
struct CoordinatorDecoder: Sendable {
    let channel: ZeroMQChannel
    let ledger: DropLedger

    func decode(_ batch: [ZeroMQMessage]) async -> [FromWorker] {
        var messages: [FromWorker] = []
        messages.reserveCapacity(batch.count)
        var refusals: [[[UInt8]]] = []
        for received in batch {
            guard received.frames.count == 2, !received.isTruncated else {
                ledger.drop(
                    .wrongFrames, from: name(received.frames.first ?? []),
                    because: "\(received.frames.count) frames came where 2 are expected")
                continue
            }
            do throws(WireError) {
                if let message = try open(received.frames[1], from: received.frames[0]) {
                    messages.append(message)
                }
            } catch {
                if let refusal = drop(error, from: received.frames[0]) { refusals.append(refusal) }
            }
        }
        // An answer that cannot be queued is lost like any other message: the worker asks again.
        _ = await channel.send(batch: refusals)
        return messages
    }

    private func open(
        _ bytes: [UInt8], from routingID: [UInt8]
    ) throws(WireError) -> FromWorker? {
        let envelope = try WorkerEnvelope(decoding: bytes)
        guard envelope.worker.bytes == routingID else {
            ledger.drop(
                .wrongWorker, from: name(routingID),
                because: "the envelope claims worker \(envelope.worker)")
            return nil
        }
        return FromWorker(
            worker: envelope.worker, term: envelope.term, message: envelope.message)
    }

    /// Counts the message; gives the frames of the answer when there is one.
    private func drop(_ error: WireError, from routingID: [UInt8]) -> [[UInt8]]? {
        guard error.code == .unknownVersion, let header = error.header else {
            ledger.drop(.invalid, from: name(routingID), because: error.message)
            return nil
        }
        ledger.drop(.unknownVersion, from: name(routingID), because: error.message)
        guard header.worker == routingID, let worker = WorkerID(bytes: routingID) else {
            return nil
        }
        let refusal = CoordinatorEnvelope(
            worker: worker, term: Term(0),
            message: .refused(
                "this coordinator speaks protocol version \(WireHeader.version), the worker"
                    + " version \(header.version): run the same version of Ogive on both sides"))
        do throws(WireError) {
            return [routingID, try refusal.encoded()]
        } catch {
            ledger.unsendable(to: name(routingID), because: error.message)
            return nil
        }
    }

    private func name(_ routingID: [UInt8]) -> String {
        WorkerID(bytes: routingID)?.description ?? "a peer with \(routingID.count) bytes of name"
    }
}
