package import OgiveCore
internal import Synchronization

/// Waits for a server that is lost while it is looked at: one that Ogive launched is started
/// again, and what it was asked is asked once more.
package struct ServerWait: Sendable {
    /// Returns when all launched servers answer; throws when one of them stays away.
    package typealias Restarted = @Sendable () async throws -> Void

    private let shared: SharedTime
    private let restarted: Restarted?

    /// How often a server may be lost in one check.
    private static let lossesMax = 3
    /// The same for a server that nobody here starts again.
    private static let othersLossesMax = 1
    /// Before a server is asked again: a death is noticed in a moment, and not at once.
    private static let pause = Duration.seconds(1)

    /// `restarted` is `nil` when no server was launched.
    package init(_ shared: SharedTime, _ restarted: Restarted?) {
        self.shared = shared
        self.restarted = restarted
    }

    /// What `body` gives at last, and how often the server was lost and came back before that;
    /// `lost` tells of what it gave why it failed.
    package func run<Value: Sendable>(
        lost: (Value) -> ModelError?, _ body: () async -> Value
    ) async -> (value: Value, losses: Int) {
        let most = restarted == nil ? Self.othersLossesMax : Self.lossesMax
        var losses = 0
        while true {
            let value = await body()
            guard let error = lost(value), error.isServerGone else { return (value, losses) }
            // It did not come back: the last loss is all that there is to say.
            guard losses < most, await isBack() else { return (value, 0) }
            losses += 1
        }
    }

    /// Runs checks one after the other: each would slow the next one's answers down. A server that
    /// stays away is one error, and ends them.
    func run(_ checks: [Check]) async -> Preflight.Outcome {
        var outcome = Preflight.Outcome(findings: [])
        for check in checks {
            let (result, losses) = await run(lost: \.failure) { await check.run(shared) }
            outcome.findings += Self.returned(losses, check.code, at: check.place)
            switch result {
            case .success(let findings): outcome.findings += findings
            case .failure(let error):
                outcome.findings.append(Self.lost(error, check.code, at: check.place))
                outcome.failure = error
                return outcome
            }
        }
        return outcome
    }

    /// That a server was lost and came back.
    package static func returned(
        _ losses: Int, _ code: FindingCode, at place: String
    ) -> [Finding] {
        guard losses > 0 else { return [] }
        return [
            Finding(
                .warning, code, at: place,
                "the server was lost \(losses == 1 ? "once" : "\(losses) times") and came back: "
                    + "what it was asked was asked again",
                advice: "see its log for the reason: in the run each such loss costs time")
        ]
    }

    /// That a server is gone.
    package static func lost(
        _ error: ModelError, _ code: FindingCode, at place: String
    ) -> Finding {
        Finding(
            code, at: place, "the server was lost, and nothing more was looked at",
            because: error)
    }

    private func isBack() async -> Bool {
        await shared.standingStill {
            do {
                try await shared.time.sleep(Self.pause)
                try await restarted?()
                return true
            } catch {
                // Cancelled, or it stays away: what was asked last says so.
                return false
            }
        }
    }
}

extension Result where Failure == ModelError {
    /// What it failed with.
    package var failure: ModelError? {
        if case .failure(let error) = self { return error }
        return nil
    }
}

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
