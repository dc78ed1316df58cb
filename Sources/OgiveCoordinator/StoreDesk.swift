internal import Logging
internal import OgiveCore

/// Carries out what the scheduler asks of the database, and reports back to it.
struct StoreDesk: Sendable {
    let store: any Store
    let term: Term
    let feed: EventFeed<Scheduler.Event>
    let logger: Logger

    /// Carries out one effect; effects that do not concern the database are ignored.
    func perform(_ effect: Scheduler.Effect) async {
        switch effect {
        case .fetchPage(let run, let cursor, let limit):
            await report(
                { () async throws(StoreError) in
                    try await store.pendingPage(of: run, after: cursor, limit: limit)
                },
                success: { .page(run.id, $0) }, failure: { .pageFailed(run.id, $0) })
        case .land(let batch):
            await report(
                { () async throws(StoreError) in try await store.land(batch, term: term) },
                success: { .landed(batch.id, $0) }, failure: { .landingFailed(batch.id, $0) })
        case .bind(let binding):
            await report(
                { () async throws(StoreError) in try await store.bind(binding, term: term) },
                success: { .bound($0) }, failure: { .bindFailed(binding.run, $0) })
        case .finish(let run):
            await report(
                { () async throws(StoreError) in try await store.finish(run, term: term) },
                success: { .finished(run, $0) }, failure: { .finishFailed(run, $0) })
        case .record, .send, .notice, .stop:
            break
        }
    }

    private func report<Value: Sendable>(
        _ call: () async throws(StoreError) -> Value,
        success: (Value) -> Scheduler.Event?, failure: (StoreError) -> Scheduler.Event?
    ) async {
        do throws(StoreError) {
            let value = try await call()
            if let event = success(value) { feed.yield(event) }
        } catch {
            logger.debug("the database refused", metadata: ["reason": "\(error.message)"])
            if error.code == .staleTerm {
                feed.yield(.superseded(error))
            } else if let event = failure(error) {
                feed.yield(event)
            }
        }
    }
}
