package import OgiveCore
internal import Synchronization

/// A store in memory, with faults on demand.
package final class MemoryStore: Store {
    /// A call that a test may let fail.
    package enum Call: Hashable, Sendable {
        /// Leading.
        case lead
        /// Renewing the term.
        case renew
        /// Reading the open runs.
        case openRuns
        /// Reading a page.
        case page
        /// Committing a batch.
        case land
        /// Binding fingerprints.
        case bind
        /// Finishing a run.
        case finish
        /// Recording a worker.
        case record
    }

    /// What happens to a call.
    package enum Fate: Sendable {
        /// It succeeds.
        case succeed
        /// Nothing happens, and it throws.
        case fail(StoreError)
        /// It happens, and it throws as if nobody knew.
        case happenUnnoticed
        /// It succeeds, but not before the latch is open.
        case wait(Latch)
    }

    private struct State {
        var database: MemoryDatabase
        var resigned: [Term] = []
        var leader: Leader?
        var counts: [String: Int] = [:]
        var decide: @Sendable (Call) -> Fate = { _ in .succeed }
    }

    private let state: Mutex<State>
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation
    private let hints: AsyncStream<Void>
    private let hint: AsyncStream<Void>.Continuation

    /// A store that holds `database`.
    package init(_ database: MemoryDatabase) {
        state = Mutex(State(database: database))
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (hints, hint) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// What it holds now.
    package var database: MemoryDatabase {
        state.withLock { $0.database }
    }

    /// The terms that were ended, in order.
    package var resigned: [Term] {
        state.withLock { $0.resigned }
    }

    /// Changes what it holds, as another program would; a hint of it may be lost.
    package func change(
        isHintLost: Bool = false, _ body: @Sendable (inout MemoryDatabase) -> Void
    ) {
        state.withLock { body(&$0.database) }
        changed.yield()
        if !isHintLost { hint.yield() }
    }

    /// Decides the fate of all calls from now on.
    package func setFate(_ decide: @escaping @Sendable (Call) -> Fate) {
        state.withLock { $0.decide = decide }
    }

    /// Waits until the content satisfies a condition. One waiter at a time.
    package func wait(until isSatisfied: @Sendable (MemoryDatabase) -> Bool) async {
        guard !isSatisfied(database) else { return }
        for await _ in changes where isSatisfied(database) { return }
    }

    /// Whose term lasts: while there is one, nobody else may lead.
    package func setLeader(_ leader: Leader?) {
        state.withLock { $0.leader = leader }
    }

    /// What the leader counted when it last renewed its term.
    package var counts: [String: Int] {
        state.withLock { $0.counts }
    }

    /// Raises the term, unless a test says that another one leads.
    package func lead(
        as coordinator: String, for expiry: Duration
    ) async throws(StoreError) -> ElectionOutcome {
        let leader = state.withLock(\.leader)
        return try await perform(.lead) { database throws(StoreError) in
            leader.map(ElectionOutcome.following)
                ?? .leading(database.lead(), MemoryDatabase.leaseKey)
        }
    }

    /// Checks the term and keeps the counts. Terms do not expire here.
    package func renew(
        _ term: Term, for expiry: Duration, counts: [String: Int]
    ) async throws(StoreError) {
        try await perform(.renew) { database throws(StoreError) in
            try database.check(term)
        }
        state.withLock { $0.counts = counts }
        changed.yield()
    }

    /// Every change is heard.
    package func runsChange() async throws(StoreError) {
        for await _ in hints { return }
        throw StoreError(.unavailable, "The task was cancelled.")
    }

    /// Notes the term as ended.
    package func resign(_ term: Term) async {
        state.withLock { $0.resigned.append(term) }
    }

    /// The runs that are not finished, in order of id.
    package func openRuns() async throws(StoreError) -> [RunDescription] {
        try await perform(.openRuns) { database throws(StoreError) in database.openRuns() }
    }

    /// Pending items of a run, from prompts after `cursor`.
    package func pendingPage(
        of run: RunDescription, after cursor: PromptID?, limit: PageLimit
    ) async throws(StoreError) -> PendingPage {
        try await perform(.page) { database throws(StoreError) in
            database.pendingPage(of: run, after: cursor, limit: limit)
        }
    }

    /// Commits a batch, unless the term is a former one.
    package func land(
        _ batch: LandingBatch, term: Term
    ) async throws(StoreError) -> LandingReceipt {
        try await perform(.land) { database throws(StoreError) in
            try database.land(batch, term: term)
        }
    }

    /// Binds fingerprints where none are bound; answers with what is bound.
    package func bind(
        _ binding: FingerprintBinding, term: Term
    ) async throws(StoreError) -> FingerprintBinding {
        try await perform(.bind) { database throws(StoreError) in
            try database.bind(binding, term: term)
        }
    }

    /// Closes a run when nothing of it is pending, or its budget is spent.
    package func finish(_ run: RunID, term: Term) async throws(StoreError) -> RunState {
        try await perform(.finish) { database throws(StoreError) in
            try database.finish(run, term: term)
        }
    }

    /// Keeps the last record of each worker.
    package func record(_ workers: [WorkerRecord], term: Term) async throws(StoreError) {
        try await perform(.record) { database throws(StoreError) in
            try database.record(workers, term: term)
        }
    }

    private func perform<Value>(
        _ call: Call, _ body: (inout MemoryDatabase) throws(StoreError) -> sending Value
    ) async throws(StoreError) -> Value {
        let fate = state.withLock(\.decide)(call)
        if case .wait(let latch) = fate { await latch.wait() }
        let outcome: Result<Value, StoreError> = state.withLock { state in
            if case .fail(let error) = fate { return .failure(error) }
            do throws(StoreError) {
                let value = try body(&state.database)
                guard case .happenUnnoticed = fate else { return .success(value) }
                return .failure(StoreError(.unknownOutcome, "The reply was lost."))
            } catch {
                return .failure(error)
            }
        }
        changed.yield()
        return try outcome.get()
    }
}
