import CLinux
import Glibc

/// Runs calls that block, each on an operating-system thread of its own.
///
/// Swift's cooperative pool has as many threads as the process may use cores, perhaps one. A call
/// that blocks in a task takes one of them away from every other task; the program stands still
/// when the last is taken. So a task that must wait for a blocking call waits here:
///
///     let text = try await BlockingCall.run("read stdin") { try readToTheEnd(descriptor) }
///
/// Use a `DedicatedThreadExecutor` where many calls must stay on one thread.
package enum BlockingCall {
    /// Runs `body` on a new thread; returns what it returns and throws what it throws.
    ///
    /// Cancellation does not end `body`: give it a bound of its own, or a `WakeDescriptor` among
    /// what it polls, which you signal in `withTaskCancellationHandler`.
    ///
    /// - Parameters:
    ///   - name: what `top -H` and debuggers show; Linux keeps its first 15 bytes.
    ///   - body: what blocks; task-local values do not reach it.
    /// - Throws: `DedicatedThreadError` when no thread can be started.
    package static func run<Value: Sendable>(
        _ name: String, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            do throws(DedicatedThreadError) {
                try OSThread.start(name: name) {
                    continuation.resume(with: Result(catching: body))
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}

/// Starts detached POSIX threads.
enum OSThread {
    /// Runs `body` on a new thread that blocks all signals, so that handlers run elsewhere and C
    /// calls on it are not interrupted.
    static func start(
        name: String, body: @escaping @Sendable () -> Void
    ) throws(DedicatedThreadError) {
        // Sound: a retained reference, taken over once by `threadMain`.
        let start = unsafe Unmanaged.passRetained(ThreadStart(name: name, body: body))
        var thread = pthread_t()
        // Sound: `thread` is a live local, and `start` stays retained until `threadMain` has it.
        let code = unsafe pthread_create(&thread, nil, threadMain, start.toOpaque())
        guard code == 0 else {
            // Sound: no thread started, so that nothing else takes the reference over.
            unsafe start.release()
            throw DedicatedThreadError(
                .threadUnavailable,
                message:
                    "cannot start thread '\(name)'; raise the limit of processes (`ulimit -u`)",
                cause: code)
        }
        pthread_detach(thread)
    }
}

/// What a new thread needs, handed over through C.
private final class ThreadStart: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    // Only compared with null here.
    guard let argument = unsafe argument else { return nil }
    // Sound: `start` passed exactly this type, retained for this one use.
    let start = unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    var all = sigset_t()
    // Sound: both calls take a live local signal set; the old mask is not asked for.
    unsafe sigfillset(&all)
    // Sound: as above.
    unsafe pthread_sigmask(SIG_SETMASK, &all, nil)
    // Linux keeps 15 bytes; a longer name would be refused as a whole. Sound: the string is
    // terminated, and the call copies it.
    _ = unsafe ogive_setname(String(decoding: start.name.utf8.prefix(15), as: UTF8.self))
    start.body()
    return nil
}
