import OgiveCore
import OgiveModels
import Synchronization
import Testing

@Suite struct RetryTests {
    /// Answers draws by a script of (attempt, index).
    private final class ScriptedPolicy: Policy {
        let asked = Mutex<[[Int32]]>([])
        let answer: @Sendable (Int, Int32) -> Result<Completion, ModelError>

        init(_ answer: @escaping @Sendable (Int, Int32) -> Result<Completion, ModelError>) {
            self.answer = answer
        }

        func fingerprint() async throws(ModelError) -> Fingerprint { Fingerprint([:]) }

        func sample(_ request: SampleRequest) async -> [Result<Completion, ModelError>] {
            let attempt = asked.withLock { asked in
                asked.append(request.indexes)
                return asked.count
            }
            return request.indexes.map { answer(attempt, $0) }
        }
    }

    private func completion(_ text: String) -> Completion {
        Completion(text: text, tokenCount: 1, finishReason: .stop, logProbability: -1)
    }

    private func retrying(_ clock: RecordedClock, _ rule: RetryRule = RetryRule()) -> Retrying {
        Retrying(rule: rule, clock: TimeSource(clock), random: { 1 })
    }

    @Test func onlyWhatFailedIsAskedForAgain() async {
        let clock = RecordedClock()
        let policy = ScriptedPolicy { attempt, index in
            index % 2 == 1 && attempt < 3
                ? .failure(ModelError(.serverError, "down"))
                : .success(self.completion("\(index)@\(attempt)"))
        }
        let answers = await RetryingPolicy(policy, retrying: retrying(clock))
            .sample(Samples.sampleRequest([0, 1, 2, 3]))
        #expect(answers.map { try? $0.get().text } == ["0@1", "1@3", "2@1", "3@3"])
        #expect(policy.asked.withLock { $0 } == [[0, 1, 2, 3], [1, 3], [1, 3]])
        #expect(clock.sleeps == [.milliseconds(250), .milliseconds(500)])
    }

    @Test func successIsNeverAskedForAgainWhateverItIs() async {
        let policy = ScriptedPolicy { _, _ in
            .success(
                Completion(text: "", tokenCount: 1, finishReason: .length, logProbability: -99))
        }
        let answers = await RetryingPolicy(policy, retrying: retrying(RecordedClock()))
            .sample(Samples.sampleRequest([0]))
        #expect(answers[0].code == nil)
        #expect(policy.asked.withLock { $0.count } == 1)
    }

    @Test func lastingFaultIsNotTriedAgain() async {
        let policy = ScriptedPolicy { _, _ in .failure(ModelError(.promptTooLong, "long")) }
        let clock = RecordedClock()
        let answers = await RetryingPolicy(policy, retrying: retrying(clock))
            .sample(Samples.sampleRequest([0]))
        #expect(answers[0].code == .promptTooLong)
        #expect(clock.sleeps == [])
    }

    @Test func attemptsAreBounded() async {
        let policy = ScriptedPolicy { _, _ in .failure(ModelError(.malformed, "odd")) }
        let clock = RecordedClock()
        var rule = RetryRule()
        rule.attemptsMax = 8
        rule.delayMax = .seconds(2)
        let answers = await RetryingPolicy(policy, retrying: retrying(clock, rule))
            .sample(Samples.sampleRequest([0]))
        #expect(answers[0].code == .malformed)
        #expect(policy.asked.withLock { $0.count } == 8)
        #expect(clock.sleeps.last == .seconds(2))
    }

    @Test func serversWishIsHonouredWithinTheBudget() async {
        let policy = ScriptedPolicy { attempt, _ in
            attempt == 1
                ? .failure(ModelError(.overloaded, "busy", retryAfter: .seconds(30)))
                : .success(self.completion("late"))
        }
        let clock = RecordedClock()
        let answers = await RetryingPolicy(policy, retrying: retrying(clock))
            .sample(Samples.sampleRequest([0]))
        #expect((try? answers[0].get().text) == "late")
        #expect(clock.sleeps == [.seconds(30)])
    }

    @Test func delaysAreCappedJitteredAndBudgeted() {
        let rule = RetryRule()
        func delay(_ attempts: Int, _ random: Double, elapsed: Duration = .zero) -> Duration? {
            rule.delay(
                afterAttempts: attempts, elapsed: elapsed, retryAfter: nil, random: random)
        }
        #expect(delay(1, 0) == .milliseconds(125))
        #expect(delay(1, 1) == .milliseconds(250))
        #expect(delay(5, 1) == nil)
        #expect(delay(4, 1, elapsed: .seconds(179)) == nil)
        var endless = rule
        endless.attemptsMax = .max
        #expect(
            endless.delay(afterAttempts: 1_000_000, elapsed: .zero, retryAfter: nil, random: 1)
                == .seconds(20))
    }
}
