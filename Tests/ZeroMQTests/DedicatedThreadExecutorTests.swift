import DedicatedThread
import Glibc
import Testing

@Suite(.timeLimit(.minutes(10)))
struct DedicatedThreadExecutorTests {
    @Test func `jobs run on one thread, which has the executor's name`() async throws {
        let tenant = try Tenant(name: "a-long-thread-name")
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<1000 { group.addTask { await tenant.note(number) } }
        }
        #expect(await tenant.threads.count == 1)
        #expect(await tenant.numbers.sorted() == Array(0..<1000))
        #expect(await tenant.threadName() == "a-long-thread-n\n")
    }

    @Test func `jobs run in the order in which they were enqueued`() async {
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<5000 { group.addTask { @Registrar in Registrar.note(number) } }
        }
        #expect(await Registrar.numbers == Array(0..<5000))
    }

    @Test func `a job that blocks can see that others wait`() async throws {
        let tenant = try Tenant(name: "blocked")
        let (started, signal) = AsyncStream<Void>.makeStream()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await tenant.blockUntilOthersWait { signal.yield() } }
            group.addTask {
                for await _ in started.prefix(1) {}
                await tenant.note(1)
            }
        }
        #expect(await tenant.numbers == [1])
    }

    @Test func `a job sees those that came before it began`() async {
        await Registrar.waitForTheNextJob()
    }

    @Test func `the thread ends when the executor is released, from wherever`() async throws {
        let (ended, signal) = AsyncStream<Int>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                let tenant = try Tenant(name: "short") { signal.yield(number) }
                group.addTask { await tenant.note(number) }
                group.addTask { await tenant.note(number) }
            }
            try await group.waitForAll()
        }
        var seen: Set<Int> = []
        for await number in ended.prefix(100) { seen.insert(number) }
        #expect(seen.count == 100)
    }

    @Test func `code knows whether it is on the thread`() async throws {
        let tenant = try Tenant(name: "where")
        #expect(await tenant.isOnThread())
        #expect(!tenant.executor.isCurrentThread)
        #expect(await tenant.assumesIsolation() == 7)
    }
}

/// An actor on a thread of its own.
private actor Tenant {
    nonisolated let executor: DedicatedThreadExecutor
    private(set) var numbers: [Int] = []
    private(set) var threads: Set<UInt> = []

    init(name: String, onExit: (@Sendable () -> Void)? = nil) throws {
        executor = try DedicatedThreadExecutor(name: name, onExit: onExit)
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the actor holds the executor for as long as it lives.
        unsafe executor.asUnownedSerialExecutor()
    }

    func note(_ number: Int) {
        numbers.append(number)
        threads.insert(UInt(pthread_self()))
    }

    func threadName() -> String? {
        // Sound: the call reads the terminated string and keeps nothing of it.
        let descriptor = unsafe open("/proc/thread-self/comm", O_RDONLY)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        // Sound: reads no more than the array has.
        let count = unsafe read(descriptor, &bytes, bytes.count)
        return String(validating: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    func blockUntilOthersWait(_ onStart: @Sendable () -> Void) async {
        onStart()
        while numbers.isEmpty {
            executor.wake.wait()
            await Task.yield()
        }
    }

    func isOnThread() -> Bool { executor.isCurrentThread }

    func assumesIsolation() -> Int { assumeIsolated { _ in 7 } }
}

/// A global actor on a thread of its own: tasks isolated to it are enqueued where they are made.
@globalActor
private actor Registrar {
    static let shared = Registrar()
    @Registrar static var numbers: [Int] = []
    private nonisolated let executor: DedicatedThreadExecutor

    init() {
        do {
            executor = try DedicatedThreadExecutor(name: "registrar")
        } catch {
            preconditionFailure("\(error)")
        }
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the actor holds the executor for as long as it lives.
        unsafe executor.asUnownedSerialExecutor()
    }

    @Registrar static func note(_ number: Int) { numbers.append(number) }

    /// Enqueues two jobs, of which the first waits for the second to be seen.
    @Registrar static func waitForTheNextJob() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { @Registrar in shared.executor.wake.wait() }
            group.addTask { @Registrar in }
        }
    }
}
