internal import OgiveCore

extension TransportConformance {
    func unreachableWithoutPeer() async throws {
        try await fixture.withCoordinator(queueMax: 100) { coordinator in
            let before = try await send(.heartbeat, to: Self.worker(1), by: coordinator)
            try ConformanceFailure.require(
                before == .unreachable, "a worker that never came answers \(before)")
            try await fixture.withWorker(Self.worker(1), of: coordinator, queueMax: 100) { worker in
                try await greet(worker)
                var inbox = Inbox(coordinator.incoming)
                _ = try await inbox.next()
                let during = try await send(.heartbeat, to: Self.worker(1), by: coordinator)
                try ConformanceFailure.require(
                    during == .queued, "a worker that is there answers \(during)")
            }
            try await eventually(.unreachable) {
                try await send(.heartbeat, to: Self.worker(1), by: coordinator)
            }
        }
    }

    func reconnection() async throws {
        try await fixture.withCoordinator(queueMax: 100) { coordinator in
            for round in 1...5 {
                try await fixture.withWorker(
                    Self.worker(1), of: coordinator, queueMax: 100
                ) { worker in
                    // At once: the coordinator may not have noticed that the former one left.
                    try await greet(worker)
                    let hello = try await next(in: coordinator)
                    try ConformanceFailure.require(
                        hello.worker == Self.worker(1) && hello.term == Term(0),
                        "the worker came back as \(hello)")
                    let outcome = try await send(
                        Self.cancel(round), to: Self.worker(1), by: coordinator)
                    var answers = Inbox(worker.incoming)
                    let answer = try await answers.next()
                    try ConformanceFailure.require(
                        outcome == .queued && answer == Self.cancel(round),
                        "the worker got \(answer)")
                }
            }
        }
    }

    private func next(in coordinator: Fixture.Coordinator) async throws -> FromWorker {
        var inbox = Inbox(coordinator.incoming)
        return try await inbox.next()
    }

    func closing() async throws {
        try await fixture.withCoordinator(queueMax: 100) { coordinator in
            try await fixture.withWorker(Self.worker(1), of: coordinator, queueMax: 100) { worker in
                try await greet(worker)
                var (inbox, answers) = (Inbox(coordinator.incoming), Inbox(worker.incoming))
                _ = try await inbox.next()
                // One side waits when its transport closes, the other one asks afterwards.
                try await withThrowingTaskGroup { group in
                    group.addTask {
                        var waiting = Inbox(worker.incoming)
                        try await waiting.end()
                    }
                    fixture.close(worker)
                    try await group.waitForAll()
                }
                fixture.close(coordinator)
                try await inbox.end()
                try await answers.end()
                let outcome = await worker.send(.heartbeat)
                try ConformanceFailure.require(
                    outcome == .unreachable, "a closed worker's sending answers \(outcome)")
            }
        }
    }
}
