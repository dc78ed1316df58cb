import OgiveCore
import OgivePreflight
import Testing

@Suite("Preflight: the policy", .timeLimit(.minutes(10)))
struct PolicyCheckTests {
    /// All findings about a policy, by code.
    private func findings(
        _ fault: FaultyPolicy.Fault, maxTokens: Int = 256, temperature: Double = 1,
        wantsCandidates: Bool = false, inspector: WordInspector? = WordInspector()
    ) async -> [Finding] {
        var probe = PolicyProbe(
            policy: FaultyPolicy(fault), name: "http://policy",
            sampling: Samples.sampling(maxTokens: maxTokens, temperature: temperature),
            prompts: Samples.prompts, inspector: inspector)
        probe.wantsCandidates = wantsCandidates
        var preflight = Preflight(
            policy: probe, longest: Samples.prompts[0],
            scorer: Served(FaultyScorer(.none), name: "http://scorer"),
            scorerSpec: ScorerSpec(kind: .classify(), model: "r"),
            shared: SharedTime(.seconds(3600)))
        return await preflight.policyOutcome().findings
    }

    @Test("A sound server gets nothing but ok")
    func sound() async {
        let all = await findings(.none)
        #expect(all.filter { $0.severity != .ok } == [])
        let codes = Set(all.map(\.code.rawValue))
        #expect(
            codes == [
                "policy.answers", "policy.deterministic", "policy.seeds", "policy.choices",
                "policy.temperature", "policy.max_tokens", "policy.ending",
                "policy.log_probabilities", "policy.context", "policy.bos",
            ])
    }

    @Test(
        "Each fault is found, and nothing else is said",
        arguments: [
            (FaultyPolicy.Fault.oneSeedForAll, FindingCode.policySeeds, Finding.Severity.error),
            (.copiedChoices, .policyChoices, .error),
            (.otherChoices, .policyChoices, .warning),
            (.notDeterministic, .policyDeterministic, .note),
            (.ignoresTemperature, .policyTemperature, .error),
            (.ignoresLimit, .policyMaxTokens, .error),
            (.certain, .policySeeds, .note),
            (.noLogProbability, .policyLogProbabilities, .error),
            (.positiveLogProbability, .policyLogProbabilities, .error),
            (.lossy, .policyLogProbabilities, .note),
            (.otherLogProbability, .policyLogProbabilities, .warning),
            (.neverEnds, .policyEnding, .warning),
            (.noEndToken, .policyEnding, .warning),
            (.dead, .policyAnswers, .error),
        ])
    func faults(
        fault: FaultyPolicy.Fault, code: FindingCode, severity: Finding.Severity
    ) async {
        let wrong = await findings(fault).filter { $0.severity != .ok }
        #expect(wrong.map(\.code) == [code], "\(wrong)")
        #expect(wrong.first?.severity == severity)
        #expect(wrong.first?.place == "http://policy")
        if severity > .note, fault != .dead { #expect(wrong.first?.advice != nil) }
    }

    @Test("One seed for all is not concluded from answers that are nearly certain")
    func certain() async {
        let finding = await findings(.certain).first { $0.code == .policySeeds }
        #expect(finding?.message.contains("nearly certain") == true)
    }

    @Test("Candidates' log-probabilities that are not reported are an error if they are wanted")
    func candidates() async {
        #expect(await findings(.mute).filter { $0.severity != .ok } == [])
        let wrong = await findings(.mute, wantsCandidates: true).filter { $0.severity != .ok }
        #expect(wrong.map(\.code) == [.policyLogProbabilities])
        #expect(wrong.map(\.severity) == [.error])
    }

    @Test("A model with two end tokens gets a note, and no false warning")
    func twoEnds() async throws {
        let other = await findings(.secondEnd).filter { $0.severity != .ok }
        #expect(other.map(\.severity) == [.note], "\(other)")
        let note = try #require(other.first)
        #expect(note.code == .policyLogProbabilities)
        #expect(note.message.contains("other token"), "\(note.message)")
    }

    @Test("Log-probabilities of the shaped distribution are told from another context")
    func processed() async throws {
        let wrong = await findings(.processed, temperature: 0.5).filter { $0.severity != .ok }
        #expect(wrong.map(\.severity) == [.warning], "\(wrong)")
        #expect(wrong.first?.advice?.contains("raw_logprobs") == true)
        let other = await findings(.otherLogProbability, temperature: 0.5)
            .filter { $0.severity != .ok }
        #expect(other.map(\.severity) == [.warning], "\(other)")
        #expect(other.first?.advice?.contains("BOS") == true)
        #expect(await findings(.processed).filter { $0.severity != .ok } == [])
    }

    @Test("A draw of the preflight's own that cannot be given back stops no run")
    func noRoom() async throws {
        let other = await findings(.noRoom, wantsCandidates: true).filter { $0.severity != .ok }
        #expect(other.map(\.severity) == [.note], "\(other)")
        #expect(other.first?.message.contains("of the preflight's own draws") == true)
    }

    @Test("Greedy sampling is a warning, and seeds are not asked about")
    func greedy() async {
        let all = await findings(.none, temperature: 0)
        let finding = all.first { $0.code == .policySeeds }
        #expect(finding?.severity == .warning)
        #expect(finding?.place == "policy.sampling.temperature")
        #expect(!all.contains { $0.code == .policyTemperature })
    }

    @Test("A context that prompt and completion do not fit")
    func context() async {
        var inspector = WordInspector()
        inspector.context = 200
        var all = await findings(.none, inspector: inspector)
        #expect(all.first { $0.code == .policyContext }?.severity == .warning)
        inspector.context = 4
        all = await findings(.none, inspector: inspector)
        let finding = all.first { $0.code == .policyContext }
        #expect(finding?.severity == .warning)
        #expect(finding?.message.contains("max_tokens") == false)
        inspector.context = nil
        all = await findings(.none, inspector: inspector)
        #expect(all.first { $0.code == .policyContext }?.severity == .note)
    }

    @Test("Two BOS, none, and a tokeniser without one", arguments: [2, 0, 1])
    func bos(count: Int) async {
        var inspector = WordInspector()
        inspector.bosCount = count
        let finding = await findings(.none, inspector: inspector).first { $0.code == .policyBOS }
        #expect(finding?.severity == [.note, .ok, .warning][count])
        inspector.addsBOS = false
        let other = await findings(.none, inspector: inspector).first { $0.code == .policyBOS }
        #expect(other?.severity == .ok)
    }

    @Test("What a server does not show comes with what to do about it")
    func mute() async throws {
        let mute = MuteInspector()
        for isScorer in [true, false] {
            let tokens = TokenChecks(
                mute, isScorer: isScorer, longest: Samples.prompts[0], maxTokens: 8)
            let finding = try #require(try await tokens.bosFindings().first)
            #expect(finding.severity == .note && finding.advice?.hasPrefix("nothing") == true)
        }
        let findings = try await TemplateCheck.findings(
            policy: WordInspector(), scorer: mute, prompt: Samples.prompts[0])
        #expect(findings.map(\.severity) == [.note])
        #expect(findings.first?.advice?.hasPrefix("nothing") == true)
    }

    @Test("A check that is interrupted says nothing")
    func interrupted() async throws {
        let (begun, begins) = AsyncStream.makeStream(of: Void.self)
        let findings = await withTaskGroup(of: [Finding].self) { group in
            group.addTask {
                let check = Check(.policySeeds, at: "here", within: .seconds(600)) {
                    begins.yield()
                    try await Task.sleep(for: .seconds(600))
                    return []
                }
                guard case .success(let findings) = await check.run(.machine) else { return [] }
                return findings
            }
            for await _ in begun { break }
            group.cancelAll()
            return await group.next()
        }
        #expect(findings == [])
    }

    @Test("A check that takes too long is given up and says so")
    func givenUp() async throws {
        let check = Check(.policySeeds, at: "here", within: .milliseconds(1)) {
            try await Task.sleep(for: .seconds(3_600))
            return []
        }
        let findings = try await check.run(.machine).get()
        #expect(findings.map(\.severity) == [.note])
        #expect(findings.first?.message.contains("not concluded") == true)
    }

    @Test("Checks share their time: what it does not suffice for is said, and nothing hangs")
    func sharedTime() async throws {
        let shared = SharedTime(.milliseconds(50))
        let slow = Check(.policySeeds, at: "here") {
            try await Task.sleep(for: .seconds(3_600))
            return []
        }
        #expect(try await slow.run(shared).get().first?.message.contains("not concluded") == true)
        let other = Check(.policyBOS, at: "here") { [Finding(.ok, .policyBOS, at: "here", "fine")] }
        let findings = try await other.run(shared).get()
        #expect(findings.map(\.severity) == [.note])
        #expect(findings.first?.message.contains("not checked: no time") == true)
        #expect(try await other.run(SharedTime()).get().map(\.severity) == [.ok])
    }

    @Test("A policy that does not answer in time ends its checks, as a warning")
    func late() async {
        let probe = PolicyProbe(
            policy: SilentPolicy(), name: "http://policy", sampling: Samples.sampling(),
            prompts: Samples.prompts, inspector: nil)
        var preflight = Preflight(
            policy: probe, longest: Samples.prompts[0],
            scorer: Served(FaultyScorer(.none), name: "http://scorer"),
            scorerSpec: ScorerSpec(kind: .classify(), model: "r"),
            shared: SharedTime(.milliseconds(20)))
        let outcome = await preflight.policyOutcome()
        #expect(outcome.failure?.code == .timeout)
        #expect(outcome.findings.map(\.severity) == [.warning])
        #expect(outcome.findings.first?.message.contains("not checked: no time") == true)
        // Nothing is left for the scorer.
        let scorer = await preflight.scorerOutcome(draws: [(Samples.prompts[0], "x")])
        #expect(scorer.findings.map(\.code) == [.scorerAnswers])
        #expect(scorer.findings.map(\.severity) == [.warning])
    }

    @Test("What the chat template leaves out of the prompts is a warning")
    func templateParts() async throws {
        var call = ChatMessage(role: "assistant", content: "")
        call.toolCalls = #"[{"id":"1"}]"#
        call.reasoning = "Hm."
        let prompt = Prompt(
            id: PromptID(1), key: "a",
            content: .chat(
                [
                    ChatMessage(role: "system", content: "Be short."),
                    ChatMessage(role: "user", content: "What is 3 + 4?"), call,
                ], tools: "[]"),
            metadata: "{}")
        var uses: [ChatPart: ChatPartUse] = [:]
        for part in ChatPart.allCases where part.removed(from: prompt) != nil {
            uses[part] = ChatPartUse(example: prompt, count: 3)
        }
        #expect(Set(uses.keys) == [.system, .tools, .toolCalls, .reasoning])
        // The template of the inspector shows nothing but the texts of turns.
        let findings = try await TemplateParts.findings(WordInspector(), uses)
        #expect(findings.map(\.severity) == [.warning, .warning, .note])
        #expect(findings.first?.message.contains("`tools` of 3 prompts: prompt `a`") == true)
        uses = uses.filter { $0.key == .system }
        #expect(
            try await TemplateParts.findings(WordInspector(), uses).map(\.severity) == [.ok])
    }

    @Test("Templates that differ are a note with both, equal ones are ok")
    func templates() async throws {
        let policy = WordInspector()
        var scorer = WordInspector(name: "http://scorer")
        let prompt = Samples.prompts[0]
        var finding = try await TemplateCheck.findings(
            policy: policy, scorer: scorer, prompt: prompt)
        #expect(finding.map(\.severity) == [.ok])
        scorer.template = "[INST]"
        finding = try await TemplateCheck.findings(policy: policy, scorer: scorer, prompt: prompt)
        #expect(finding.map(\.severity) == [.note])
        #expect(finding.first?.message.contains("[INST] What") == true)
        #expect(finding.first?.message.contains("<user> What") == true)
    }
}

/// Answers nothing until it is cancelled.
private struct SilentPolicy: Policy {
    func fingerprint() async throws(ModelError) -> Fingerprint {
        // Cancellation is the only end.
        try? await Task.sleep(for: .seconds(3_600))
        throw ModelError(.timeout, "cancelled")
    }

    func sample(_ request: SampleRequest) async -> [Result<Completion, ModelError>] { [] }
}
