import OgiveCore
import OgivePreflight
import Synchronization
import Testing

/// A server that dies at one of its requests, and may be started again.
final class CrashingServer: Sendable {
    private struct State {
        var requestsLeft: Int
        var isDead = false
    }

    private let state: Mutex<State>
    private let breaksOff: Bool

    /// `breaksOff`: who asks at that moment sees an answer that is broken off.
    init(diesAfter requests: Int, breaksOff: Bool = false) {
        state = Mutex(State(requestsLeft: requests))
        self.breaksOff = breaksOff
    }

    /// What a request gets that finds no server.
    var failure: ModelError? {
        state.withLock { state in
            if state.isDead { return ModelError(.unreachable, "no answer from http://here") }
            state.requestsLeft -= 1
            guard state.requestsLeft == -1 else { return nil }
            state.isDead = true
            var error = ModelError(breaksOff ? .serverError : .unreachable, "gone")
            error.isBrokenOff = breaksOff
            return error
        }
    }

    /// Starts it again; it dies no more.
    func restart() {
        state.withLock { $0.isDead = false }
    }
}

private struct CrashingPolicy: Policy {
    let server: CrashingServer
    let policy = FaultyPolicy()

    func fingerprint() async throws(ModelError) -> Fingerprint {
        if let failure = server.failure { throw failure }
        return try await policy.fingerprint()
    }

    func sample(_ request: SampleRequest) async -> [Result<Completion, ModelError>] {
        if let failure = server.failure { return request.indexes.map { _ in .failure(failure) } }
        return await policy.sample(request)
    }

    func logProbabilities(
        _ request: LogProbabilityRequest
    ) async -> [Result<LogProbability, ModelError>] {
        if let failure = server.failure {
            return request.completions.map { _ in .failure(failure) }
        }
        return await policy.logProbabilities(request)
    }
}

private struct CrashingScorer: Scorer {
    let server: CrashingServer
    let scorer = FaultyScorer(.none)

    func fingerprint() async throws(ModelError) -> Fingerprint {
        try await scorer.fingerprint()
    }

    func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        if let failure = server.failure { return requests.map { _ in .failure(failure) } }
        return await scorer.score(requests)
    }
}

/// A clock on which short waits take two minutes at once, and long ones do not end.
private final class JumpingClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        var offset: Duration

        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let time = Mutex(Duration.zero)

    var now: Instant { Instant(offset: time.withLock { $0 }) }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        guard now.duration(to: deadline) < .seconds(10) else {
            try await Task.sleep(for: .seconds(3_600))
            return
        }
        time.withLock { $0 += .seconds(120) }
    }
}

@Suite("Preflight: a server that is lost", .timeLimit(.minutes(10)))
struct LostServerTests {
    private func outcome(
        _ server: CrashingServer, restarted: ServerWait.Restarted? = nil
    ) async -> Preflight.Outcome {
        let probe = PolicyProbe(
            policy: CrashingPolicy(server: server), name: "http://policy",
            sampling: Samples.sampling(), prompts: Samples.prompts, inspector: WordInspector())
        var preflight = Preflight(
            policy: probe, longest: Samples.prompts[0],
            scorer: Served(FaultyScorer(.none), name: "http://scorer"),
            scorerSpec: ScorerSpec(kind: .classify(), model: "r"),
            shared: SharedTime(.seconds(3600)))
        preflight.restarted = restarted
        return await preflight.policyOutcome()
    }

    @Test(
        "Is one error, whatever it was asked, and ends the checks",
        arguments: [0, 2, 10, 30, 44], [false, true])
    func isOneError(requests: Int, breaksOff: Bool) async {
        let outcome = await outcome(CrashingServer(diesAfter: requests, breaksOff: breaksOff))
        let wrong = outcome.findings.filter { $0.severity != .ok }
        #expect(wrong.map(\.severity) == [.error], "\(wrong)")
        #expect(outcome.failure?.isServerGone == true)
        #expect(outcome.findings.last?.severity == .error, "nothing is looked at afterwards")
    }

    @Test(
        "Is waited for while it is started again, and asked again",
        arguments: [0, 2, 10, 30, 44], [false, true])
    func isWaitedFor(requests: Int, breaksOff: Bool) async {
        let server = CrashingServer(diesAfter: requests, breaksOff: breaksOff)
        let outcome = await outcome(server) { server.restart() }
        let wrong = outcome.findings.filter { $0.severity != .ok }
        #expect(wrong.map(\.severity) == [.warning], "\(wrong)")
        #expect(wrong.first?.message.contains("lost once and came back") == true)
        #expect(outcome.failure == nil)
        #expect(Set(outcome.findings.map(\.code)).count == 10, "all is looked at")
    }

    @Test("Is an error when it is not started again any more")
    func staysAway() async {
        let outcome = await outcome(CrashingServer(diesAfter: 10)) {
            throw ModelError(.processDied, "died too often")
        }
        #expect(outcome.findings.filter { $0.severity != .ok }.map(\.severity) == [.error])
    }

    @Test("Takes nothing of the time of the checks while it is waited for")
    func standsStill() async {
        // The pause before it is asked again takes longer than all checks may.
        let shared = SharedTime(.seconds(60), TimeSource(JumpingClock()))
        let server = CrashingServer(diesAfter: 0)
        var checks = ScorerChecks(
            scorer: Served(CrashingScorer(server: server), name: "http://scorer"),
            spec: ScorerSpec(kind: .synthetic, model: "r"), inspector: nil,
            longest: Samples.prompts[0], maxTokens: 64, shared: shared)
        checks.restarted = { server.restart() }
        let findings = await checks.outcome(draws: [(Samples.prompts[0], "Four.")]).findings
        #expect(findings.map(\.severity) == [.warning, .ok], "\(findings)")
    }

    @Test("Is one error of a scorer too", arguments: [0, 3, 12, 16])
    func scorer(requests: Int) async {
        let checks = ScorerChecks(
            scorer: Served(
                CrashingScorer(server: CrashingServer(diesAfter: requests)), name: "http://scorer"),
            spec: ScorerSpec(kind: .classify(), model: "r"),
            inspector: WordInspector(name: "http://scorer"), longest: Samples.prompts[0],
            maxTokens: 256, shared: SharedTime(.seconds(3600)))
        let draws = (0..<8).map { (prompt: Samples.prompts[$0 % 4], completion: "It is \($0).") }
        let outcome = await checks.outcome(draws: draws)
        let wrong = outcome.findings.filter { $0.severity != .ok }
        #expect(wrong.map(\.severity) == [.error], "\(wrong)")
        #expect(outcome.failure?.isServerGone == true)
    }

    @Test("Is told from one for which many requests at once are too many")
    func bursts() async {
        for (server, isLost) in [
            (CrashingServer(diesAfter: 3), true), (CrashingServer(diesAfter: 1_000), false),
        ] {
            let probe = ThroughputProbe(
                policies: [CrashingPolicy(server: server)], scorers: [FaultyScorer(.none)],
                parameters: Samples.sampling().parameters, prompts: Samples.prompts,
                sampleConcurrency: 4, scoreConcurrency: 2, drawsPerRequest: 2)
            let (sampling, texts) = await probe.sample(.machine)
            #expect((sampling.failure != nil) == isLost)
            let scoring = await probe.score(texts, .machine)
            let lost = await probe.lostModel(sampling, scoring, texts)
            #expect((lost != nil) == isLost)
            // One that is back is not lost.
            server.restart()
            #expect(await probe.lostModel(sampling, scoring, texts) == nil)
        }
    }
}
