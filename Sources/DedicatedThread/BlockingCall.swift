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
