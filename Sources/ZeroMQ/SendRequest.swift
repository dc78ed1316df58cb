/// Messages that wait to be sent, and the caller who waits for the results.
struct SendRequest: Sendable {
    let batch: [[[UInt8]]]
    private let caller: CheckedContinuation<[ZeroMQSendResult], Never>

    init(batch: [[[UInt8]]], caller: CheckedContinuation<[ZeroMQSendResult], Never>) {
        self.batch = batch
        self.caller = caller
    }

    /// Wakes the caller; once.
    func answer(_ results: [ZeroMQSendResult]) {
        caller.resume(returning: results)
    }

    /// Wakes the caller: nothing was sent.
    func refuse() {
        answer(Array(repeating: .notOpen, count: batch.count))
    }
}
