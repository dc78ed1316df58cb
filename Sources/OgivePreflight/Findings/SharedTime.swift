package import OgiveCore
internal import Synchronization

/// The time that all checks of a preflight share, so that a slow model cannot hold it up for ever.
package struct SharedTime: Sendable {
    /// What they share when nobody says otherwise.
    package static let standard = Duration.seconds(60)

    /// The clock.
    package let time: TimeSource
    /// All of it.
    package let total: Duration
    private let end: TimePoint
    private let stillness = Stillness()

    /// How long the time has stood still.
    private final class Stillness: Sendable {
        let total = Mutex(Duration.zero)
    }

    /// Begins now.
    package init(_ total: Duration = SharedTime.standard, _ time: TimeSource = .machine) {
        self.time = time
        self.total = total
        end = time.now() + total
    }

    /// What is left.
    package var left: Duration {
        max(.zero, end + stillness.total.withLock { $0 } - time.now())
    }

    /// Runs `body`, which takes nothing of what is left.
    func standingStill<Value>(_ body: () async -> Value) async -> Value {
        let begun = time.now()
        let value = await body()
        let took = time.now() - begun
        stillness.total.withLock { $0 += took }
        return value
    }

    /// What `body` gives when that comes while time is left; else it is cancelled.
    package func run<Value: Sendable>(
        _ body: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let left = left
        guard left > .zero else { return nil }
        return await withTaskGroup(of: Value?.self) { group in
            group.addTask { await body() }
            group.addTask {
                // Cancelled when the body was faster.
                try? await time.sleep(left)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    /// Says that something was not looked at.
    package func notChecked(
        _ code: FindingCode, at place: String, _ severity: Finding.Severity = .note
    ) -> Finding {
        Finding(
            severity, code, at: place,
            "not checked: no time; all checks share \(total)",
            advice: "give them more by --preflight-timeout, or make the model faster")
    }
}
