import OgiveCore
import OgivePreflight
import Testing

@Suite("Preflight: the scorer", .timeLimit(.minutes(10)))
struct ScorerCheckTests {
    private func findings(
        _ fault: FaultyScorer.Fault, kind: ScorerSpec.Kind = .classify(),
        inspector: WordInspector? = WordInspector(name: "http://scorer")
    ) async -> [Finding] {
        let probe = PolicyProbe(
            policy: FaultyPolicy(), name: "http://policy", sampling: Samples.sampling(),
            prompts: Samples.prompts, inspector: WordInspector())
        let preflight = Preflight(
            policy: probe, longest: Samples.prompts[0],
            scorer: Served(FaultyScorer(fault), name: "http://scorer"),
            scorerSpec: ScorerSpec(kind: kind, model: "r"), scorerInspector: inspector,
            shared: SharedTime(.seconds(3600)))
        let draws = (0..<8).map { number in
            (prompt: Samples.prompts[number % 4], completion: "The answer is \(number * 7).")
        }
        return await preflight.scorerOutcome(draws: draws).findings
    }

    @Test("A sound scorer gets nothing but ok")
    func sound() async {
        let all = await findings(.none)
        #expect(all.filter { $0.severity != .ok } == [])
        let codes = Set(all.map(\.code.rawValue))
        #expect(
            codes == [
                "scorer.answers", "scorer.deterministic", "scorer.batches", "scorer.varies",
                "scorer.raw", "scorer.truncation", "scorer.context", "scorer.bos", "templates",
            ])
    }

    @Test(
        "Each fault is found, and nothing else is said",
        arguments: [
            (FaultyScorer.Fault.squashed, FindingCode.scorerRaw, Finding.Severity.warning),
            (.tanh, .scorerRaw, .warning),
            (.constant, .scorerVaries, .warning),
            (.noisy, .scorerDeterministic, .warning),
            (.padded, .scorerBatches, .error),
            (.cutsEnd, .scorerTruncation, .error),
            (.cutsBeginning, .scorerTruncation, .error),
            (.tooShort, .scorerTruncation, .warning),
            (.dead, .scorerAnswers, .error),
        ])
    func faults(
        fault: FaultyScorer.Fault, code: FindingCode, severity: Finding.Severity
    ) async {
        let wrong = await findings(fault).filter { $0.severity != .ok }
        #expect(wrong.map(\.code) == [code], "\(wrong)")
        #expect(wrong.first?.severity == severity)
    }

    @Test("Prompts that the scorer cannot carry are counted, and the others are scored")
    func severalTurns() async throws {
        let turns = ["system", "user"].map { ChatMessage(role: $0, content: "Hi.") }
        let prompt = Prompt(
            id: PromptID(9), key: "several", content: .chat(turns), metadata: "{}")
        for fault in [FaultyScorer.Fault.narrow, .none] {
            var checks = ScorerChecks(
                scorer: Served(FaultyScorer(fault), name: "http://scorer"),
                spec: ScorerSpec(kind: .score(), model: "r"), inspector: nil,
                longest: Samples.prompts[0], maxTokens: 256, shared: SharedTime(.seconds(3600)))
            checks.severalTurns = SeveralTurns(example: prompt, count: 3, total: 8)
            let draws = (Samples.prompts + [prompt]).map { (prompt: $0, completion: "Text.") }
            let wrong = await checks.outcome(draws: draws).findings.filter { $0.severity != .ok }
            guard fault == .narrow else {
                #expect(wrong == [])
                continue
            }
            #expect(wrong.map(\.code) == [.scorerPrompts], "\(wrong)")
            #expect(wrong.first?.severity == .error)
            #expect(wrong.first?.message.contains("3 of 8 prompts") == true)
        }
    }

    @Test("A verifier may give 0 and 1, and leave most of a text unread")
    func verifier() async {
        for fault in [FaultyScorer.Fault.squashed, .cutsEnd] {
            let all = await findings(fault, kind: .verifier(VerifierSpec(rule: .exact)))
            #expect(all.filter { $0.severity > .note } == [])
        }
    }

    @Test("An activation that cannot be turned off is found by asking both ways")
    func activation() async {
        var inspector = WordInspector(name: "http://scorer")
        inspector.squash = (squashed: 0.7310585786300049, raw: 1)
        var raw = await findings(.none, inspector: inspector).filter { $0.code == .scorerRaw }
        #expect(raw.map(\.severity) == [.ok, .ok])
        inspector.squash = (squashed: 0.7, raw: 0.7)
        raw = await findings(.none, inspector: inspector).filter { $0.code == .scorerRaw }
        #expect(raw.map(\.severity) == [.ok, .warning])
    }

    @Test("A second BOS in the scored text is an error")
    func bos() async {
        var inspector = WordInspector(name: "http://scorer")
        inspector.bosCount = 2
        let finding = await findings(.none, inspector: inspector).first { $0.code == .scorerBOS }
        #expect(finding?.severity == .error)
    }
}
