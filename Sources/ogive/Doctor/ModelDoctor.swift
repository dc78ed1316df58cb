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
        guard let draws = await shared.run({ await probe.texts() }) else {
            report.findings.append(shared.notChecked(.scorerAnswers, at: "scorer"))
            return
        }
        if draws.isEmpty || (sample.count == 0 && preflight.scorerSpec.kind == .verifier) {
            report.findings.append(
                Finding(
                    .note, .scorerAnswers, at: "scorer",
                    draws.isEmpty
                        ? "was not looked at: there are no draws to score"
                        : "was not looked at: a verifier needs the prompts' own metadata"))
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
            let checks = ScorerChecks(
                scorer: served, spec: scorer.spec, inspector: inspectors[place], longest: longest,
                maxTokens: stored.maxTokens, shared: shared)
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
            sampleConcurrency: settings.sampleConcurrency.probing * settings.processes,
            scoreConcurrency: settings.scoreConcurrency.probing * settings.processes,
            drawsPerRequest: min(
                configuration.policy?.drawsPerRequest ?? 1,
                configuration.coordinator.limits.drawsPerTask))
        let (sampling, texts) = await probe.sample(.machine)
        let scoring = await probe.score(texts, .machine)
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
