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

    /// What was found out about a model.
    package struct Outcome: Sendable {
        /// In order.
        package var findings: [Finding]
        /// Why nothing else could be looked at.
        package var failure: ModelError?
    }

    /// Looks at the policy alone. Prompts that get no draw are left out from then on.
    package mutating func policyOutcome() async -> Outcome {
        let (answered, failure, findings) = await policy.firstDraws(time)
        policy.prompts = answered
        let policy = policy
        guard failure == nil, policy.spec.kind != .synthetic else {
            return Outcome(findings: findings, failure: failure)
        }
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
        return Outcome(findings: findings + (await run(checks)))
    }

    /// Looks at the scorer, with draws of the policy.
    package func scorerOutcome(
        draws: [(prompt: Prompt, completion: String)]
    ) async -> Outcome {
        let probe = ScorerProbe(
            scorer: scorer.model, name: scorer.name, spec: scorerSpec, draws: draws,
            inspector: scorerInspector)
        let (failure, findings) = await probe.firstScore(time)
        guard failure == nil, scorerSpec.kind != .synthetic else {
            return Outcome(findings: findings, failure: failure)
        }
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
        return Outcome(findings: findings + (await run(checks)))
    }

    /// One after the other: each would slow the next one's answers down.
    private func run(_ checks: [Check]) async -> [Finding] {
        var findings: [Finding] = []
        for check in checks { findings += await check.run(time) }
        return findings
    }
}
