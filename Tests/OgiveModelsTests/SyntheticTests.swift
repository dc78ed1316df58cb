import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct SyntheticTests {
    private func policy(_ change: (inout SyntheticSpec) -> Void = { _ in }) throws
        -> SyntheticPolicy
    {
        var spec = PolicySpec(kind: .synthetic, model: "bell")
        var law = SyntheticSpec()
        change(&law)
        spec.synthetic = law
        return try SyntheticPolicy(spec: spec)
    }

    private func rewards(_ policy: SyntheticPolicy, _ count: Int32) async throws -> [Double] {
        let texts = await policy.sample(Samples.sampleRequest(Array(0..<count)))
        let scorer = SyntheticScorer(model: "bell")
        let requests = try texts.map {
            ScoreRequest(prompt: Samples.chat, completion: try $0.get().text)
        }
        return try await scorer.score(requests).map { try $0.get().reward }
    }

    @Test func policyConforms() async throws {
        var parameters = SamplingParameters()
        parameters.maxTokens = 512
        let conformance = PolicyConformance(
            policy: try policy(), prompt: Samples.chat, parameters: parameters)
        #expect(await conformance.problems() == [])
    }

    @Test func scorerConforms() async throws {
        let texts = try await policy().sample(Samples.sampleRequest([0, 1, 2]))
        let conformance = ScorerConformance(
            scorer: SyntheticScorer(model: "bell"),
            requests: try texts.map {
                ScoreRequest(prompt: Samples.chat, completion: try $0.get().text)
            })
        #expect(await conformance.problems() == [])
    }

    @Test func normalHasItsMoments() async throws {
        let rewards = try await rewards(
            policy {
                $0.mean = 3
                $0.scale = 2
            }, 20_000)
        let mean = rewards.reduce(0, +) / 20_000
        let variance = rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
        // Five standard errors.
        #expect(abs(mean - 3) < 0.071)
        #expect(abs(variance - 4) < 0.2)
    }

    @Test func exponentialIsShiftedByItsMean() async throws {
        let rewards = try await rewards(
            policy {
                $0.distribution = .exponential
                $0.mean = -1
                $0.scale = 0.5
            }, 20_000)
        #expect(rewards.allSatisfy { $0 >= -1 })
        let mean = rewards.reduce(0, +) / 20_000
        #expect(abs(mean + 0.5) < 0.0177)
    }

    @Test func discreteTakesItsValuesAlike() async throws {
        let values = [0.1, -2.5, 1e-300]
        let rewards = try await rewards(
            policy {
                $0.distribution = .discrete
                $0.values = values
            }, 9_000)
        #expect(Set(rewards) == Set(values))
        for value in values {
            #expect(abs(rewards.count { $0 == value } - 3_000) < 250)
        }
    }

    @Test func textIsExactAndAsLongAsDeclared() throws {
        for reward in [0.1, -1.0 / 3, 1e308, -Double.leastNonzeroMagnitude, 12345.678901234567] {
            let text = SyntheticText.write(reward: reward, length: 64, seed: 1)
            #expect(text.utf8.count == 64)
            #expect(try SyntheticText.reward(in: text) == reward)
        }
        #expect(
            SyntheticText.write(reward: -1.2345678901234567e-300, length: 32, seed: 1).count > 31)
    }

    @Test(arguments: ["", "The answer is 19.", "synthetic reward=", "synthetic reward=x; a"])
    func otherTextIsMalformed(_ text: String) async {
        let request = ScoreRequest(prompt: Samples.chat, completion: text)
        #expect(await SyntheticScorer(model: "m").score([request])[0].code == .malformed)
    }

    @Test func latencyComesFromTheClock() async throws {
        let clock = RecordedClock()
        var spec = PolicySpec(kind: .synthetic, model: "slow")
        spec.synthetic = SyntheticSpec()
        spec.synthetic?.latencyMilliseconds = 1_000_000
        let policy = try SyntheticPolicy(spec: spec, clock: TimeSource(clock))
        let answers = await policy.sample(Samples.sampleRequest([0, 1, 2]))
        #expect(answers.compactMap(\.code) == [])
        #expect(clock.sleeps.count == 1)
        #expect(clock.sleeps[0] > .seconds(1))
    }

    @Test func invalidDistributionIsMisconfigured() {
        let error = #expect(throws: ModelError.self) { try policy { $0.scale = -1 } }
        #expect(error?.code == .invalidSpecification)
    }

    @Test(arguments: [1e300, .infinity, .nan, -1, 86_400_001])
    func latencyThatIsNoDurationIsRefused(_ milliseconds: Double) {
        let error = #expect(throws: ModelError.self) {
            try policy { $0.latencyMilliseconds = milliseconds }
        }
        #expect(error?.code == .invalidSpecification)
    }

    @Test func fingerprintSaysThatNoModelIsServed() async throws {
        #expect(try await policy().fingerprint().facts["server"] == "synthetic (no model)")
    }
}
