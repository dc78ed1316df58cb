import FoundationEssentials
import OgiveCore
import OgiveStore
import Postgres
import Synchronization
import Testing

/// All tests that need PostgreSQL: one private server for the suite, a database for each test.
@Suite("The store", .privateServer)
struct StoreTests {}

/// Runs a suite with a private server that is stopped, and its files removed, afterwards; or with
/// the server that OGIVE_TEST_DATABASE names.
struct PrivateServer: SuiteTrait, TestScoping {
    @TaskLocal static var server: PostgresConfiguration?

    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        if let address = ProcessInfo.processInfo.environment["OGIVE_TEST_DATABASE"] {
            let server = try PostgresConfiguration(address)
            try await Self.makeTemplates(server)
            try await Self.$server.withValue(server) { try await function() }
            return
        }
        let directory = "/tmp/ogive-store-tests-\(UInt32.random(in: 0 ... .max))"
        try await EmbeddedPostgres.with(directory: directory) { server in
            try await Self.makeTemplates(server)
            try await Self.$server.withValue(server) { try await function() }
        }
        try FileManager.default.removeItem(atPath: directory)
    }

    /// An empty database and a migrated one, from which the tests' databases are copied.
    private static func makeTemplates(_ server: PostgresConfiguration) async throws {
        let connection = try await PostgresConnection.connect(server)
        for name in ["ogive_bare", "ogive_template"] {
            try await connection.execute("DROP DATABASE IF EXISTS \(name)")
            try await connection.execute("CREATE DATABASE \(name)")
        }
        await connection.close()
        var template = server
        template.database = "ogive_template"
        try await Migrator(template).up()
    }
}

extension Trait where Self == PrivateServer {
    static var privateServer: PrivateServer { PrivateServer() }
}

/// A database of one test, with what tests do again and again.
struct TestDatabase: Sendable {
    let configuration: PostgresConfiguration
    let store: PostgresStore

    /// Runs `body` with a new database, migrated unless `isBare`.
    static func with(
        isBare: Bool = false, _ body: (TestDatabase) async throws -> Void
    ) async throws {
        let server = try #require(PrivateServer.server)
        let name = "test_\(UInt64.random(in: 0 ... .max))"
        await Gate.shared.enter()
        defer { Gate.shared.leave() }
        let admin = try await PostgresConnection.connect(server)
        try await admin.execute(
            "CREATE DATABASE \(name) TEMPLATE \(isBare ? "ogive_bare" : "ogive_template")")
        var configuration = server
        configuration.database = name
        let store = PostgresStore(
            configuration, clock: WallClock { 1_700_000_000_000_000 })
        do {
            try await body(TestDatabase(configuration: configuration, store: store))
        } catch {
            await store.close()
            throw error
        }
        await store.close()
        try await admin.execute("DROP DATABASE \(name) WITH (FORCE)")
        await admin.close()
    }

    /// Runs one statement on a connection of its own.
    @discardableResult
    func query(
        _ sql: String, _ parameters: [PostgresValue] = []
    ) async throws -> PostgresRows {
        let connection = try await PostgresConnection.connect(configuration)
        do {
            let rows = try await connection.query(sql, parameters)
            await connection.close()
            return rows
        } catch {
            await connection.close()
            throw error
        }
    }

    /// The single value of a query.
    func value<T: PostgresDecodable>(
        _ sql: String, _ parameters: [PostgresValue] = [], as type: T.Type = T.self
    ) async throws -> T {
        try await query(sql, parameters).one().decode(0)
    }

    /// Imports `count` plain prompts with the keys p0, p1, …; those with `candidates` have two.
    func importPrompts(
        _ count: Int, set: String = "set", candidates: Bool = false
    ) async throws {
        _ = try await store.importPrompts(into: set) { importer in
            let prompts = (0..<count).map { number in
                ImportedPrompt(
                    key: "p\(number)", content: .text("Question \(number)?"),
                    metadata: "{\"number\": \(number)}",
                    candidates: candidates
                        ? [
                            ImportedCandidate(label: "chosen", text: "good \(number)"),
                            ImportedCandidate(label: "rejected", text: "bad \(number)"),
                        ] : [])
            }
            try await importer.add(prompts)
        }
    }

    /// Imports `prompts` prompts and submits a run over them.
    func run(
        prompts: Int, draws: Int, candidates: Bool = false, name: String = "run"
    ) async throws -> RunDescription {
        try await importPrompts(prompts, candidates: candidates)
        return try await store.submit(Self.spec(name, draws: draws)).run
    }

    /// A specification; other policies and scorers have other names.
    static func spec(
        _ name: String = "run", draws: Int, set: String = "set", policy: String = "policy",
        scorer: String = "scorer"
    ) -> RunSpec {
        let sampling = SamplingSpec(
            promptSet: set, policy: PolicySpec(kind: .openai, model: policy),
            parameters: SamplingParameters())
        let scoring = ScoringSpec(
            sampling: sampling, scorer: ScorerSpec(kind: .rerank, model: scorer))
        return RunSpec(name: name, scoring: scoring, draws: draws)
    }

    /// All pending items, page by page.
    func pending(
        _ run: RunDescription, limit: PageLimit = PageLimit(prompts: 100, items: 1000)
    ) async throws -> [PendingPrompt] {
        var all: [PendingPrompt] = []
        var cursor: PromptID?
        repeat {
            let page = try await store.pendingPage(of: run, after: cursor, limit: limit)
            all += page.prompts
            cursor = page.next
        } while cursor != nil
        return all
    }
}

/// Lets a bounded number of tests use the server at once: it has 100 connections.
final class Gate: Sendable {
    static let shared = Gate(places: 16)

    private struct State {
        var places: Int
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(places: Int) {
        state = Mutex(State(places: places))
    }

    func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.places > 0 {
                    state.places -= 1
                    return true
                }
                state.waiters.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiters.isEmpty {
                state.places += 1
                return nil
            }
            return state.waiters.removeFirst()
        }
        next?.resume()
    }
}

/// Results as workers would send them.
enum Made {
    static let worker = WorkerID(high: 0x8000_0000_0000_0001, low: 2)

    static func completion(
        _ text: String, finish: FinishReason = .stop, log: Double? = -1.5
    ) -> Completion {
        Completion(text: text, tokenCount: 3, finishReason: finish, logProbability: log)
    }

    /// A draw that was sampled and, unless `reward` is nil, scored.
    static func draw(_ index: Int32, _ text: String, reward: Double?) -> ItemResult {
        var item = ItemResult(name: .draw(index))
        item.completion = completion(text)
        item.seed = 100 + UInt32(index)
        item.reward = reward
        item.sampleDuration = .milliseconds(12)
        return item
    }

    /// A reward of an item that brought its text.
    static func reward(_ name: ItemName, _ reward: Double) -> ItemResult {
        var item = ItemResult(name: name)
        item.reward = reward
        return item
    }

    static func failure(
        _ name: ItemName, _ stage: Failure.Stage, completion: Completion? = nil
    ) -> ItemResult {
        var item = ItemResult(name: name)
        item.completion = completion
        item.failure = Failure(stage: stage, code: .timeout, message: "took too long", attempts: 3)
        return item
    }

    static func batch(_ run: RunDescription, _ prompt: PromptID, _ items: [ItemResult])
        -> LandingBatch
    {
        LandingBatch(
            id: BatchID(1),
            groups: [LandingGroup(run: run.id, prompt: prompt, worker: worker, items: items)])
    }
}
