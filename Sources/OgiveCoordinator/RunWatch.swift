internal import Logging
internal import OgiveCore

/// Watches for runs that were submitted, changed or ended: asks the database again and again, and
/// at once when it gives a hint.
struct RunWatch: Sendable {
    let store: any Store
    let interval: Duration
    /// The name of the only run that is looked at; `nil` looks at all.
    let onlyRun: String?
    let time: TimeSource
    let feed: EventFeed<Scheduler.Event>
    let logger: Logger

    /// Watches until the task is cancelled.
    func run() async throws {
        let (wakeups, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        wake.yield()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    try await time.sleep(interval)
                    wake.yield()
                }
            }
            group.addTask { try await hear(wake) }
            group.addTask { await ask(wakeups) }
            defer { group.cancelAll() }
            try await group.waitForAll()
        }
    }

    /// Refusals in a row after which the database is taken for one that will go on refusing.
    private static let refusalsMax = 3

    private func ask(_ wakeups: AsyncStream<Void>) async {
        var wasAway = false
        var refusals = 0
        for await _ in wakeups {
            do throws(StoreError) {
                let open = try await store.openRuns()
                feed.yield(.runs(open.filter { onlyRun == nil || $0.spec.name == onlyRun }))
                wasAway = false
                refusals = 0
            } catch {
                refusals = error.isRetriable ? 0 : refusals + 1
                if error.code == .schema || refusals >= Self.refusalsMax {
                    feed.yield(.refused(error))
                    return
                }
                if !wasAway {
                    logger.warning(
                        "the database does not say which runs are open",
                        metadata: ["reason": "\(error.message)"])
                }
                wasAway = true
            }
        }
    }

    /// Without hints, asking again and again finds the same a little later.
    private func hear(_ wake: AsyncStream<Void>.Continuation) async throws {
        while !Task.isCancelled {
            do throws(StoreError) {
                try await store.runsChange()
                wake.yield()
            } catch {
                logger.debug("no hints of runs", metadata: ["reason": "\(error.message)"])
                try await time.sleep(max(interval, .seconds(1)))
            }
        }
    }
}
