internal import OgiveCore
internal import OgiveModels
internal import OgivePreflight
internal import OgiveWorker

/// Looks at the models of a configuration, whose servers run.
struct ModelDoctor {
    /// The configuration.
    var configuration: Configuration
    /// Its models.
    var provider: ConfiguredModels
    /// What is asked of them.
    var sample: PromptSample
    /// Whether a burst says how long the run will take.
    var measuresThroughput = true
    /// The time that all checks share.
    var shared = SharedTime()
    /// Stored completions that are to be scored: the scorer alone is looked at, with these.
    var stored: StoredDraws?
    /// How launched servers are waited for; `nil` without any.
    var restarted: ServerWait.Restarted?

    private var wait: ServerWait { ServerWait(shared, restarted) }

    /// What was found.
    struct Report: Sendable {
        /// In order.
        var findings: [Finding] = []
        /// Why a model could not be looked at.
        var failure: ModelError?
        /// What the run will take, when it was measured.
        var estimate: Estimate?
    }

    /// Looks at the policy, then at the scorer, then at both together.
    func examine() async throws -> Report {
        try await withThrowingTaskGroup(of: Report?.self) { group in
            // Keeps the subprocesses of scorers alive meanwhile.
            group.addTask {
                await provider.run()
                return nil
            }
            group.addTask { try await models() }
            while let report = try await group.next() {
                guard let report else { continue }
                group.cancelAll()
                return report
            }
            return Report()
        }
    }

    private func models() async throws -> Report {
        if let stored { return try await scorers(stored) }
        guard let policy = configuration.policy, let scorer = configuration.scorer,
            let longest = sample.longest
        else { return Report() }
        let sampling = SamplingSpec(
            promptSet: configuration.prompts?.set ?? "", policy: policy.spec,
            parameters: policy.sampling)
        let policies = try provider.policies(for: policy.spec)
        let scorers = try provider.scorers(for: scorer.spec)
        let policyInspectors = provider.inspectors(for: policy.spec)
        let scorerInspectors = provider.inspectors(for: scorer.spec)
        var report = Report()
        var examined: Preflight?
        // Every endpoint must answer; one of them is looked at closely, for they serve one model.
        for (place, served) in policies.enumerated() {
            var probe = PolicyProbe(
                policy: served.model, name: served.name, sampling: sampling,
                prompts: sample.prompts, inspector: policyInspectors[place])
            probe.wantsCandidates = configuration.run?.candidates.contains(.logprobs) ?? false
            var detailed = policy.spec
            detailed.logProbabilities = .tokens
            probe.detailed = try provider.policies(for: detailed)[place].model
            guard examined == nil else {
                let asked = probe
                report.findings +=
                    await shared.run { await asked.firstDraws(.machine).2 }
                    ?? [shared.notChecked(.policyAnswers, at: served.name)]
                continue
            }
            var preflight = Preflight(
                policy: probe, longest: longest, scorer: scorers[0], scorerSpec: scorer.spec,
                scorerInspector: scorerInspectors[0], shared: shared)
            preflight.restarted = restarted
            preflight.severalTurns = sample.severalTurns
            preflight.parts = sample.parts
            let outcome = await preflight.policyOutcome()
            report.add(outcome)
            if outcome.failure == nil { examined = preflight }
        }
        guard var preflight = examined else { return report }
        report.failure = nil
        await examine(scorers, scorerInspectors, &preflight, &report)
        guard report.failure == nil, configuration.run != nil else { return report }
        if measuresThroughput {
            try await measure(policies, scorers, preflight, &report)
        } else {
            report.findings += try await blindBudget(preflight)
        }
        return report
    }

    private func examine(
        _ scorers: [Served<any Scorer>], _ inspectors: [(any ModelInspector)?],
        _ preflight: inout Preflight, _ report: inout Report
    ) async {
        let probe = preflight.policy
        let (drawn, losses) = await wait.run(lost: { $0?.failure }) {
            await shared.run { await probe.texts() }
        }
        report.findings += ServerWait.returned(losses, .policyAnswers, at: probe.name)
        guard let drawn else {
            report.findings.append(shared.notChecked(.scorerAnswers, at: "scorer"))
            return
        }
        let draws: [(prompt: Prompt, completion: String)]
        switch drawn {
        case .success(let texts): draws = texts
        case .failure(let error) where error.isServerGone:
            report.findings.append(ServerWait.lost(error, .policyAnswers, at: probe.name))
            report.failure = error
            return
        case .failure(let error):
            report.findings.append(
                Finding(
                    .note, .scorerAnswers, at: "scorer",
                    "was not looked at: there are no draws to score: \(error.message)"))
            return
        }
        if sample.count == 0, preflight.scorerSpec.kind.name == .verifier {
            report.findings.append(
                Finding(
                    .note, .scorerAnswers, at: "scorer",
                    "was not looked at: a verifier needs the prompts' own metadata"))
            return
        }
        for place in scorers.indices {
            preflight.scorer = scorers[place]
            preflight.scorerInspector = inspectors[place]
            report.add(await preflight.scorerOutcome(draws: draws))
        }
    }

    /// A scorer without a policy, at all its endpoints.
    private func scorers(_ stored: StoredDraws) async throws -> Report {
        var report = Report()
        guard let scorer = configuration.scorer, let longest = stored.longest else { return report }
        let inspectors = provider.inspectors(for: scorer.spec)
        for (place, served) in try provider.scorers(for: scorer.spec).enumerated() {
            var checks = ScorerChecks(
                scorer: served, spec: scorer.spec, inspector: inspectors[place], longest: longest,
                maxTokens: stored.maxTokens, shared: shared)
            checks.restarted = restarted
            report.add(await checks.outcome(draws: stored.draws))
        }
        return report
    }

    private func measure(
        _ policies: [Served<any Policy>], _ scorers: [Served<any Scorer>], _ preflight: Preflight,
        _ report: inout Report
    ) async throws {
        guard shared.left > ThroughputProbe.time else {
            report.findings.append(shared.notChecked(.throughput, at: "worker"))
            return
        }
        let spec = try configuration.runSpec()
        let settings = configuration.worker
        let probe = ThroughputProbe(
            policies: policies.map(\.model), scorers: scorers.map(\.model),
            parameters: preflight.policy.parameters, prompts: preflight.policy.prompts,
            sampleConcurrency: settings.work.sampleConcurrency.probing * settings.processes,
            scoreConcurrency: settings.work.scoreConcurrency.probing * settings.processes,
            drawsPerRequest: min(
                configuration.policy?.drawsPerRequest ?? 1,
                configuration.coordinator.limits.drawsPerTask))
        let (bursts, losses) = await wait.run(lost: \.lost) {
            await Self.bursts(probe, shared)
        }
        report.findings += ServerWait.returned(losses, .throughput, at: "worker")
        if let lost = bursts.lost {
            report.findings.append(ServerWait.lost(lost, .throughput, at: "worker"))
            report.failure = lost
            return
        }
        let (sampling, scoring) = (bursts.sampling, bursts.scoring)
        let estimate = Estimate(
            draws: sample.count * spec.draws, sampling: sampling, scoring: scoring,
            prices: spec.prices)
        report.estimate = estimate
        report.findings.append(
            EstimateText(
                estimate: estimate, sampling: sampling, scoring: scoring, spec: spec,
                sample: sample, isPriced: spec.prices != nil
            ).finding)
        report.findings += estimate.budgetFindings(spec)
    }

    /// A burst of draws, one of scores, and why a model is gone afterwards.
    private static func bursts(
        _ probe: ThroughputProbe, _ shared: SharedTime
    ) async -> (
        sampling: ThroughputProbe.Burst, scoring: ThroughputProbe.Burst, lost: ModelError?
    ) {
        let (sampling, texts) = await probe.sample(.machine)
        let scoring = await probe.score(texts, .machine)
        let lost = await shared.run { await probe.lostModel(sampling, scoring, texts) }
        return (sampling, scoring, lost ?? nil)
    }

    /// What a worker that finds its concurrency by itself would try early.
    private static func concurrency(_ setting: Concurrency) -> Int {
        setting.isAuto ? min(setting.most, 64) : setting.most
    }

    /// Whether a budget could be kept at all.
    private func blindBudget(_ preflight: Preflight) async throws -> [Finding] {
        let spec = try configuration.runSpec()
        guard spec.budget != nil, let prompt = preflight.policy.prompts.first else { return [] }
        let probe = preflight.policy
        let answers = await shared.run {
            await probe.policy.sample(
                SampleRequest(
                    prompt: prompt, seedBase: 1, indexes: [0], parameters: probe.parameters))
        }
        guard let answers else { return [shared.notChecked(.budget, at: "run.budget")] }
        guard case .success(let draw) = answers.first else { return [] }
        var burst = ThroughputProbe.Burst()
        burst.count = 1
        burst.tokens = TokenCount(
            input: draw.promptTokenCount ?? 0, output: draw.tokenCount ?? 0)
        let estimate = Estimate(draws: 0, sampling: burst, scoring: burst, prices: spec.prices)
        return estimate.budgetFindings(spec).filter { $0.severity == .error }
    }
}

extension ModelDoctor.Report {
    fileprivate mutating func add(_ outcome: Preflight.Outcome) {
        findings += outcome.findings
        failure = failure ?? outcome.failure
    }
}

/// What a run will take, in words.
struct EstimateText {
    let estimate: Estimate
    let sampling: ThroughputProbe.Burst
    let scoring: ThroughputProbe.Burst
    let spec: RunSpec
    let sample: PromptSample
    let isPriced: Bool

    /// The rate, and what follows from it for the whole run.
    var finding: Finding {
        let place = "worker"
        guard let rate = sampling.perSecond, let time = estimate.time else {
            if let failure = sampling.failure {
                return Finding(
                    .warning, .throughput, at: place,
                    "not a single draw came: \(failure.message)")
            }
            return Finding(
                .warning, .throughput, at: place,
                "not a single draw came within \(NumberText.time(sampling.elapsed))",
                advice: "lower `policy.sampling.max_tokens` or `worker.sample_concurrency`, or "
                    + "serve the model faster")
        }
        var parts = ["about \(NumberText.rate(rate)) draws/s sampled"]
        if sampling.tokens.output > 0 {
            let tokens = Double(sampling.tokens.output) / (sampling.elapsed / .seconds(1))
            parts[0] += " (\(NumberText.rate(tokens)) tokens/s)"
        }
        if let rate = scoring.perSecond { parts.append("\(NumberText.rate(rate)) scored") }
        let about = sample.isWhole ? "" : "about "
        var whole =
            about + NumberText.count(estimate.draws, "draw", "takes", "take")
            + " \(NumberText.time(time))"
        if let tokens = estimate.tokens {
            whole += ", \(NumberText.count(tokens.total + estimate.scorerTokens.total)) tokens"
        }
        if let cost = estimate.cost { whole += ", cost \(NumberText.cost(cost))" }
        if scoring.perSecond == nil {
            let reason =
                scoring.failure.map { "nothing was scored: \($0.message)" }
                ?? "nothing was scored within \(NumberText.time(scoring.elapsed))"
            return Finding(
                .warning, .throughput, at: place,
                parts.join + "; \(reason), so that the time of the whole is not known")
        }
        return Finding(.ok, .throughput, at: place, parts.join + "; " + whole)
    }
}

extension [String] {
    fileprivate var join: String { joined(separator: ", ") }
}
