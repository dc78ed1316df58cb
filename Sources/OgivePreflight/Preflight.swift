package import OgiveCore

/// The checks of a policy and a scorer, in order; what cannot work at all ends the rest.
package struct Preflight: Sendable {
    /// The policy and what is asked of it.
    package var policy: PolicyProbe
    /// The policy's longest prompt.
    package var longest: Prompt
    /// The scorer's endpoint.
    package var scorer: Served<any Scorer>
    /// Which scorer is meant.
    package var scorerSpec: ScorerSpec
    /// What the scorer's server lets one see.
    package var scorerInspector: (any ModelInspector)?
    /// The clock.
    package var time: TimeSource

    /// Joins the parts.
    package init(
        policy: PolicyProbe, longest: Prompt, scorer: Served<any Scorer>, scorerSpec: ScorerSpec,
        scorerInspector: (any ModelInspector)? = nil, time: TimeSource = .machine
    ) {
        self.policy = policy
        self.longest = longest
        self.scorer = scorer
        self.scorerSpec = scorerSpec
        self.scorerInspector = scorerInspector
        self.time = time
    }

    /// Looks at the policy alone.
    package func policyFindings() async -> (first: Completion?, [Finding]) {
        let (first, findings) = await policy.firstDraw(time)
        guard first != nil, policy.spec.kind != .synthetic else { return (first, findings) }
        var checks = [
            Check(.policySeeds, at: policy.name) { try await policy.seedFindings() },
            Check(.policyTemperature, at: policy.name) { try await policy.temperatureFindings() },
            Check(.policyMaxTokens, at: policy.name) { try await policy.limitFindings() },
            Check(.policyLogProbabilities, at: policy.name) { try await policy.drawFindings() },
        ]
        if let inspector = policy.inspector {
            let tokens = TokenChecks(
                inspector, isScorer: false, longest: longest,
                maxTokens: policy.parameters.maxTokens)
            checks.append(
                Check(.policyContext, at: policy.name) { try await tokens.contextFindings() })
            checks.append(Check(.policyBOS, at: policy.name) { try await tokens.bosFindings() })
        }
        return (first, findings + (await run(checks)))
    }

    /// Looks at the scorer, with draws of the policy.
    package func scorerFindings(
        draws: [(prompt: Prompt, completion: String)]
    ) async -> (isAlive: Bool, [Finding]) {
        let probe = ScorerProbe(
            scorer: scorer.model, name: scorer.name, spec: scorerSpec, draws: draws,
            inspector: scorerInspector)
        let (isAlive, findings) = await probe.firstScore(time)
        guard isAlive, scorerSpec.kind != .synthetic else { return (isAlive, findings) }
        let maxTokens = policy.parameters.maxTokens
        var checks = [
            Check(.scorerBatches, at: probe.name) { try await probe.scoreFindings() },
            Check(.scorerRaw, at: probe.name) { try await probe.activationFindings() },
            Check(.scorerTruncation, at: probe.name) {
                try await probe.truncationFindings(maxTokens: maxTokens)
            },
        ]
        if let scorerInspector {
            let tokens = TokenChecks(
                scorerInspector, isScorer: true, longest: longest, maxTokens: maxTokens)
            checks.append(
                Check(.scorerContext, at: probe.name) { try await tokens.contextFindings() })
            checks.append(Check(.scorerBOS, at: probe.name) { try await tokens.bosFindings() })
            if let inspector = policy.inspector, let prompt = policy.prompts.first {
                checks.append(
                    Check(.templates, at: probe.name) {
                        try await TemplateCheck.findings(
                            policy: inspector, scorer: scorerInspector, prompt: prompt)
                    })
            }
        }
        return (isAlive, findings + (await run(checks)))
    }

    /// One after the other: each would slow the next one's answers down.
    private func run(_ checks: [Check]) async -> [Finding] {
        var findings: [Finding] = []
        for check in checks { findings += await check.run(time) }
        return findings
    }
}
