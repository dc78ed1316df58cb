internal import OgiveCore
internal import OgiveWire

extension TransportConformance {
    func largeMessages() async throws {
        try await fixture.withCoordinator(queueMax: 100) { coordinator in
            try await fixture.withWorker(Self.worker(1), of: coordinator, queueMax: 100) { worker in
                try await greet(worker)
                var (inbox, answers) = (Inbox(coordinator.incoming), Inbox(worker.incoming))
                _ = try await inbox.next()
                // More than the buffers of a system's sockets, and than the bound.
                let text = String(repeating: "é", count: 4 << 20)
                let oversize = String(repeating: "x", count: WireLimits.textBytes + 1)

                let lease = Self.lease(text: text)
                let queued = try await send(.lease(lease), to: Self.worker(1), by: coordinator)
                let received = try await answers.next()
                try ConformanceFailure.require(
                    queued == .queued && received == .lease(lease), "a large lease did not pass")

                let result = Self.result(texts: [text])
                let back = await worker.send(.result(result))
                let receivedBack = try await inbox.next()
                try ConformanceFailure.require(
                    back == .queued && receivedBack.message == .result(result),
                    "a large result did not pass")

                let tooLarge = await worker.send(.result(Self.result(texts: [oversize])))
                let tooLargeLease = try await send(
                    .lease(Self.lease(text: oversize)), to: Self.worker(1), by: coordinator)
                try ConformanceFailure.require(
                    tooLarge == .tooLarge && tooLargeLease == .tooLarge,
                    "an oversize message was not refused before it was sent")

                // The connection outlives the refusals.
                _ = await worker.send(.heartbeat)
                let heartbeat = try await inbox.next()
                try ConformanceFailure.require(
                    heartbeat.message == .heartbeat, "a refused message came all the same")
            }
        }
    }

    func fullQueue() async throws {
        let (slow, quick) = (Self.worker(1), Self.worker(2))
        try await fixture.withCoordinator(queueMax: 4) { coordinator in
            try await fixture.withWorker(slow, of: coordinator, queueMax: 4) { slowWorker in
                try await fixture.withWorker(quick, of: coordinator, queueMax: 4) { quickWorker in
                    try await greet(slowWorker)
                    try await greet(quickWorker)
                    var inbox = Inbox(coordinator.incoming)
                    _ = try await inbox.next(2)
                    let sent = try await fill(slow, by: coordinator)

                    try await eventually(.queued) {
                        try await send(.reRegister, to: quick, by: coordinator)
                    }
                    var quickInbox = Inbox(quickWorker.incoming)
                    let served = try await quickInbox.next()
                    try ConformanceFailure.require(
                        served == .reRegister, "the quick worker got \(served)")

                    var slowInbox = Inbox(slowWorker.incoming)
                    for lease in sent {
                        let received = try await slowInbox.next()
                        try ConformanceFailure.require(
                            received == .lease(lease), "what was queued was lost or reordered")
                    }
                    try await eventually(.queued) {
                        try await send(.reRegister, to: slow, by: coordinator)
                    }
                }
            }
        }
    }

    /// Sends leases until the queue is full; gives those that were queued.
    private func fill(
        _ worker: WorkerID, by coordinator: Fixture.Coordinator
    ) async throws -> [Lease] {
        var sent: [Lease] = []
        let text = String(repeating: "x", count: 1 << 20)
        // More than what the buffers of a system's sockets may hold.
        for number in 0..<200 {
            var lease = Self.lease(text: text)
            lease.name.task = TaskID(UInt64(number))
            switch try await send(.lease(lease), to: worker, by: coordinator) {
            case .queued: sent.append(lease)
            case .full: return sent
            case let outcome: throw ConformanceFailure("a full queue answers \(outcome)")
            }
        }
        throw ConformanceFailure("the queue of a worker that reads nothing never was full")
    }

    private static func lease(text: String) -> Lease {
        let prompt = Prompt(id: PromptID(1), key: "1", content: .text(text), metadata: "{}")
        return Lease(
            name: LeaseName(term: Term(1), task: TaskID(1), epoch: Epoch(1)), run: RunID(1),
            prompt: prompt, seedBase: 0, items: [WorkItem(name: .draw(0))], duration: .seconds(60),
            proof: .unproved)
    }

    private static func result(texts: [String]) -> TaskResult {
        let items = texts.enumerated().map { index, text in
            var item = ItemResult(name: .draw(Int32(index)))
            item.reward = 1
            item.completion = Completion(
                text: text, tokenCount: 1, finishReason: .stop, logProbability: -1)
            return item
        }
        return TaskResult(claim: lease(text: "").claim, part: 0, items: items)
    }
}
