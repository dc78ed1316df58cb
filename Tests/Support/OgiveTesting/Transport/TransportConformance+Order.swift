internal import OgiveCore

extension TransportConformance {
    func orderFromEachWorker() async throws {
        let (workers, count) = (3, 200)
        try await fixture.withCoordinator(queueMax: 1_000) { coordinator in
            try await withThrowingTaskGroup { group in
                for number in 1...workers {
                    group.addTask {
                        try await fixture.withWorker(
                            Self.worker(UInt64(number)), of: coordinator, queueMax: 1_000
                        ) { worker in
                            try await greet(worker)
                            for credit in 0..<count {
                                try await eventually(.queued) { await worker.send(.credit(credit)) }
                            }
                            // Stays until the coordinator has read all.
                            var inbox = Inbox(worker.incoming)
                            _ = try await inbox.next()
                        }
                    }
                }
                try await expectInOrder(from: workers, count: count, at: coordinator)
                try await group.waitForAll()
            }
        }
    }

    private func expectInOrder(
        from workers: Int, count: Int, at coordinator: Fixture.Coordinator
    ) async throws {
        var inbox = Inbox(coordinator.incoming)
        var received: [WorkerID: [WorkerMessage]] = [:]
        for message in try await inbox.next(workers * (count + 1)) {
            received[message.worker, default: []].append(message.message)
        }
        let wanted = [.hello(Self.hello)] + (0..<count).map(WorkerMessage.credit)
        for number in 1...workers {
            try ConformanceFailure.require(
                received[Self.worker(UInt64(number))] == wanted,
                "the messages of worker \(number) came otherwise than they were sent")
            _ = try await send(.reRegister, to: Self.worker(UInt64(number)), by: coordinator)
        }
    }

    func orderToEachWorker() async throws {
        let (first, second, count) = (Self.worker(1), Self.worker(2), 200)
        try await fixture.withCoordinator(queueMax: 1_000) { coordinator in
            try await fixture.withWorker(first, of: coordinator, queueMax: 1_000) { one in
                try await fixture.withWorker(second, of: coordinator, queueMax: 1_000) { two in
                    try await greet(one)
                    try await greet(two)
                    var inbox = Inbox(coordinator.incoming)
                    _ = try await inbox.next(2)
                    let batch = (0..<count).flatMap { number in
                        [
                            ToWorker(worker: first, message: Self.cancel(number)),
                            ToWorker(worker: second, message: Self.cancel(-number - 1)),
                        ]
                    }
                    let outcomes = await coordinator.send(batch)
                    try ConformanceFailure.require(
                        outcomes == Array(repeating: .queued, count: batch.count),
                        "not every message of a batch was queued")
                    var (inboxOne, inboxTwo) = (Inbox(one.incoming), Inbox(two.incoming))
                    let (gotOne, gotTwo) = (
                        try await inboxOne.next(count), try await inboxTwo.next(count)
                    )
                    try ConformanceFailure.require(
                        gotOne == (0..<count).map(Self.cancel)
                            && gotTwo == (0..<count).map { Self.cancel(-$0 - 1) },
                        "messages came otherwise than they were sent")
                }
            }
        }
    }

    func termOfWelcome() async throws {
        try await fixture.withCoordinator(queueMax: 100) { coordinator in
            try await fixture.withWorker(Self.worker(1), of: coordinator, queueMax: 100) { worker in
                try await greet(worker)
                var (inbox, answers) = (Inbox(coordinator.incoming), Inbox(worker.incoming))
                let first = try await inbox.next()
                let welcome = Welcome(
                    term: Term(7), heartbeatInterval: .seconds(1), silenceMax: .seconds(5),
                    adopted: [])
                _ = try await send(.welcome(welcome), to: Self.worker(1), by: coordinator)
                let answer = try await answers.next()
                _ = await worker.send(.heartbeat)
                let second = try await inbox.next()
                try ConformanceFailure.require(
                    answer == .welcome(welcome), "the welcome came otherwise than it was sent")
                try ConformanceFailure.require(
                    first.term == Term(0) && second.term == Term(7),
                    "terms were \(first.term), \(second.term)")
            }
        }
    }
}
