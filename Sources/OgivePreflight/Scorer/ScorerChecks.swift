package import OgiveCore

/// The checks of one endpoint of a scorer, in order; one that does not answer ends the rest.
package struct ScorerChecks: Sendable {
    /// The endpoint.
    package var scorer: Served<any Scorer>
    /// Which scorer is meant.
    package var spec: ScorerSpec
    /// What its server lets one see.
    package var inspector: (any ModelInspector)?
    /// The longest prompt.
    package var longest: Prompt
    /// How long completions may be.
    package var maxTokens: Int
    /// The time that all checks share.
    package var shared: SharedTime
    /// The policy's server and a prompt, for a look at both templates.
    package var policy: (inspector: any ModelInspector, prompt: Prompt)?
    /// The prompts that are more than one user turn.
    package var severalTurns: SeveralTurns?
    /// How launched servers are waited for; `nil` without any.
    package var restarted: ServerWait.Restarted?

    /// Joins the parts.
    package init(
        scorer: Served<any Scorer>, spec: ScorerSpec, inspector: (any ModelInspector)?,
        longest: Prompt, maxTokens: Int, shared: SharedTime
    ) {
        self.scorer = scorer
        self.spec = spec
        self.inspector = inspector
        self.longest = longest
        self.maxTokens = maxTokens
        self.shared = shared
    }

    /// Looks at it, with completions of prompts.
    package func outcome(
        draws: [(prompt: Prompt, completion: String)]
    ) async -> Preflight.Outcome {
        let refused = await refusedPrompts()
        let carried = await refused.isEmpty ? draws : self.carried(draws)
        // What no prompt of the sample lets one ask is not asked.
        if carried.isEmpty, !refused.isEmpty { return Preflight.Outcome(findings: refused) }
        let probe = ScorerProbe(
            scorer: scorer.model, name: scorer.name, spec: spec, draws: carried,
            inspector: inspector)
        let shared = shared
        let wait = ServerWait(shared, restarted)
        let (first, losses) = await wait.run(lost: { $0?.failure }) {
            await shared.run { await probe.firstScore(shared.time) }
        }
        guard let (failure, found) = first
        else { return .late(.scorerAnswers, at: probe.name, shared) }
        let findings =
            refused + ServerWait.returned(losses, .scorerAnswers, at: probe.name) + found
        guard failure == nil, spec.kind != .synthetic else {
            return Preflight.Outcome(findings: findings, failure: failure)
        }
        var outcome = await wait.run(checks(probe))
        outcome.findings = findings + outcome.findings
        return outcome
    }

    /// An error that counts the prompts that the scorer cannot carry.
    private func refusedPrompts() async -> [Finding] {
        guard let severalTurns else { return [] }
        let (scorer, shared) = (scorer, shared)
        let answer = await shared.run { await scorer.model.refusal(of: severalTurns.example) }
        guard let answer, let refusal = answer else { return [] }
        return [
            Finding(
                .error, .scorerPrompts, at: scorer.name,
                "\(severalTurns.count) of \(severalTurns.total) prompts get no reward: "
                    + refusal.message,
                advice: "use a scorer that takes whole conversations, or leave such prompts out")
        ]
    }

    private func carried(
        _ draws: [(prompt: Prompt, completion: String)]
    ) async -> [(prompt: Prompt, completion: String)] {
        var carried: [(prompt: Prompt, completion: String)] = []
        for draw in draws where await scorer.model.refusal(of: draw.prompt) == nil {
            carried.append(draw)
        }
        return carried
    }

    private func checks(_ probe: ScorerProbe) -> [Check] {
        let maxTokens = maxTokens
        var checks = [
            Check(.scorerBatches, at: probe.name) { try await probe.scoreFindings() },
            Check(.scorerRaw, at: probe.name) { try await probe.activationFindings() },
            Check(.scorerTruncation, at: probe.name) {
                try await probe.truncationFindings(maxTokens: maxTokens)
            },
        ]
        guard let inspector else { return checks }
        let tokens = TokenChecks(
            inspector, isScorer: true, longest: longest, maxTokens: maxTokens)
        checks.append(
            Check(.scorerContext, at: probe.name) { try await tokens.contextFindings() })
        checks.append(Check(.scorerBOS, at: probe.name) { try await tokens.bosFindings() })
        if let policy {
            checks.append(
                Check(.templates, at: probe.name) {
                    try await TemplateCheck.findings(
                        policy: policy.inspector, scorer: inspector, prompt: policy.prompt)
                })
        }
        return checks
    }
}

/// How many prompts of a set are more than one user turn, which not every scorer can carry.
package struct SeveralTurns: Sendable {
    /// The first of them.
    package var example: Prompt
    /// How many there are.
    package var count: Int
    /// How many prompts were looked at.
    package var total: Int

    /// Joins the parts.
    package init(example: Prompt, count: Int, total: Int) {
        self.example = example
        self.count = count
        self.total = total
    }
}
