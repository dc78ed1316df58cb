import DedicatedThread
import Foundation
import Glibc
import Testing

@testable import ZeroMQ

/// How long a test waits for what must happen; it never waits for it to be over.
let patience = Duration.seconds(60)

/// The thread of tests that block: they poll sockets themselves.
@globalActor
actor PollingThread {
    static let shared = PollingThread()

    private nonisolated let executor: DedicatedThreadExecutor

    private init() {
        do throws(DedicatedThreadError) {
            executor = try DedicatedThreadExecutor(name: "polling")
        } catch {
            preconditionFailure("\(error)")
        }
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the actor holds the executor for as long as it lives.
        unsafe executor.asUnownedSerialExecutor()
    }
}

/// The next message, waited for with a poll.
@PollingThread func nextMessage(
    _ socket: borrowing ZeroMQSocket, within time: Duration = patience
) throws -> ZeroMQMessage? {
    if let message = try socket.receive() { return message }
    let deadline = ContinuousClock.now + time
    while ContinuousClock.now < deadline {
        let rest = deadline - ContinuousClock.now
        _ = try socket.poll(for: .readable, wakes: [], timeout: rest)
        if let message = try socket.receive() { return message }
    }
    return nil
}

/// Binds to a port of the system's choice.
func bindLoopback(_ socket: borrowing ZeroMQSocket) throws -> String {
    try socket.bind("tcp://127.0.0.1:*")
    return try socket.lastAddress()
}

/// A new directory, removed after the body.
func withTemporaryDirectory<R>(_ body: (String) async throws -> R) async throws -> R {
    var template = Array("/tmp/ogive-zmq-XXXXXX".utf8CString)
    // Sound: a terminated, writable buffer, which mkdtemp fills in place.
    try #require(unsafe mkdtemp(&template) != nil)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
        try? FileManager.default.removeItem(atPath: path)
    }
    return try await body(path)
}

/// The bytes of a text, as a frame.
func frame(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Runs channels beside the body, stops them after it and passes on how they ended.
func withRunning<R: Sendable>(
    _ channels: ZeroMQChannel..., body: @Sendable () async throws -> R
) async throws -> R {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for channel in channels { group.addTask { try await channel.run() } }
        let result = try await body()
        for channel in channels { channel.stop() }
        try await group.waitForAll()
        return result
    }
}

/// Whether this process has a thread of that name that is blocked in the kernel.
func sleeps(thread name: String) throws -> Bool {
    let tasks = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
    return tasks.contains { task in
        // A thread may end while one looks at it.
        let stat = try? String(contentsOfFile: "/proc/self/task/\(task)/stat", encoding: .utf8)
        return stat?.contains("(\(name)) S ") == true
    }
}
