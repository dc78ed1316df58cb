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
    /// The time that all checks share.
    package var shared: SharedTime
    /// How launched servers are waited for; `nil` without any.
    package var restarted: ServerWait.Restarted?
    /// The prompts that are more than one user turn.
    package var severalTurns: SeveralTurns?
    /// What the prompts have that a chat template may leave out.
    package var parts: [ChatPart: ChatPartUse] = [:]

    /// Joins the parts.
    package init(
        policy: PolicyProbe, longest: Prompt, scorer: Served<any Scorer>, scorerSpec: ScorerSpec,
        scorerInspector: (any ModelInspector)? = nil, shared: SharedTime = SharedTime()
    ) {
        self.policy = policy
        self.longest = longest
        self.scorer = scorer
        self.scorerSpec = scorerSpec
        self.scorerInspector = scorerInspector
        self.shared = shared
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
        let (asked, shared) = (policy, shared)
        let wait = ServerWait(shared, restarted)
        let (first, losses) = await wait.run(lost: { $0?.failure }) {
            await shared.run { await asked.firstDraws(shared.time) }
        }
        guard let (answered, failure, found) = first else {
            return late(.policyAnswers, at: policy.name)
        }
        let findings = ServerWait.returned(losses, .policyAnswers, at: policy.name) + found
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
            if !parts.isEmpty {
                let parts = parts
                checks.append(
                    Check(.policyTemplate, at: policy.name) {
                        try await TemplateParts.findings(inspector, parts)
                    })
            }
        }
        var outcome = await wait.run(checks)
        outcome.findings = findings + outcome.findings
        return outcome
    }

    /// Looks at the scorer, with draws of the policy.
    package func scorerOutcome(
        draws: [(prompt: Prompt, completion: String)]
    ) async -> Outcome {
        var checks = ScorerChecks(
            scorer: scorer, spec: scorerSpec, inspector: scorerInspector, longest: longest,
            maxTokens: policy.parameters.maxTokens, shared: shared)
        checks.severalTurns = severalTurns
        checks.restarted = restarted
        if let inspector = policy.inspector, let prompt = policy.prompts.first {
            checks.policy = (inspector, prompt)
        }
        return await checks.outcome(draws: draws)
    }

    /// What becomes of a model that does not answer in time.
    private func late(_ code: FindingCode, at place: String) -> Outcome {
        .late(code, at: place, shared)
    }
}

extension Preflight.Outcome {
    /// That of a model that did not answer while time was left: nothing is known of it.
    static func late(_ code: FindingCode, at place: String, _ shared: SharedTime) -> Self {
        Self(
            findings: [shared.notChecked(code, at: place, .warning)],
            failure: ModelError(.timeout, "\(place) has not answered within \(shared.total)"))
    }
}
