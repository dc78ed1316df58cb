import OgiveCore
import OgiveModels

/// Random messages: every case and every optional field occurs, with and without its value.
struct RandomMessages {
    var random: SplitMix64

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    mutating func workerMessage(_ kind: Int) -> WorkerMessage {
        switch kind % 10 {
        case 0: .hello(hello())
        case 1: credit()
        case 2: .result(taskResult())
        case 3: .heartbeat
        case 4: .returned(list { $0.leaseName() })
        case 5: .draining
        case 7: .declined(RunID(7), reason: text(), list { $0.leaseName() })
        case 6: .impaired([outage()] + list { $0.outage() })
        case 8: .report(load(), list { $0.outage() })
        default: .goodbye
        }
    }

    private mutating func credit() -> WorkerMessage {
        let leases = Int.random(in: 0...1000, using: &random)
        let unscored = Int.random(in: 0...3, using: &random)
        return unscored == 0 ? .credit(leases) : .crowded(leases, unscored: unscored)
    }

    mutating func coordinatorMessage(_ kind: Int) -> CoordinatorMessage {
        switch kind % 10 {
        case 0: .welcome(welcome())
        case 1: .serve(runDescription())
        case 2: .lease(lease())
        case 3:
            .acks(
                (0..<Int.random(in: 1...3, using: &random)).map { _ in
                    ResultName(lease: leaseName(), part: Int.random(in: 0...9, using: &random))
                })
        case 4: .cancel(leaseName())
        case 5: .reRegister
        case 8:
            .rejected(
                ResultName(lease: leaseName(), part: Int.random(in: 0...3, using: &random)),
                reason: text())
        case 6: .idle(text())
        case 7: .refused(text())
        default: .heartbeat
        }
    }

    mutating func workerID() -> WorkerID { WorkerID(using: &random) }

    mutating func term() -> Term { Term(Int64.random(in: 0...(.max), using: &random)) }

    mutating func taskResult(items: Int? = nil) -> TaskResult {
        let count = items ?? Int.random(in: 0...5, using: &random)
        return TaskResult(
            claim: leaseClaim(), part: Int.random(in: 0...3, using: &random),
            items: (0..<count).map { _ in itemResult() })
    }

    private mutating func leaseClaim() -> LeaseClaim {
        LeaseClaim(
            lease: leaseName(), run: RunID(number()), prompt: PromptID(number()),
            seedBase: random.next(), items: list { $0.itemName() }, proof: proof())
    }

    private mutating func proof() -> SHA256Digest { SHA256Digest(hashing: text()) }

    mutating func text(max: Int = 40) -> String {
        let alphabet: [Character] = [
            "a", "Z", "0", " ", "\n", "\u{0}", "\"", "\\", "é", "e\u{301}", "→", "𝜋", "👩‍🔬",
            "\u{FEFF}",
            "\u{202E}", "\r\n",
        ]
        let count = Int.random(in: 0...max, using: &random)
        return String((0..<count).map { _ in alphabet.randomElement(using: &random) ?? "x" })
    }

    // MARK: Parts

    private mutating func outage() -> EndpointOutage {
        EndpointOutage(
            model: text(), endpoint: text(),
            code: ModelError.Code.allCases.randomElement(using: &random) ?? .timeout,
            message: text(), lasting: duration(least: 0))
    }

    private mutating func load() -> WorkerLoad {
        var load = WorkerLoad()
        load.sampleSlots = Int.random(in: 0...WorkerLoad.slotsMax, using: &random)
        load.scoreSlots = Int.random(in: 0...WorkerLoad.slotsMax, using: &random)
        load.draws = Int.random(in: 0...SlotTime.most, using: &random)
        load.tokens = Int.random(in: 0...SlotTime.most, using: &random)
        for wait in SlotWait.all where Bool.random(using: &random) {
            load.slotTime[wait] = Int.random(in: 0...SlotTime.most, using: &random)
        }
        return load
    }

    private mutating func hello() -> Hello {
        Hello(
            name: text(), version: text(),
            offer: Offer(policies: list { $0.model() }, scorers: list { $0.model() }),
            credit: Int.random(in: 0...64, using: &random),
            inFlight: list { generator in
                HeldLease(
                    claim: generator.leaseClaim(), resolved: generator.list { $0.itemName() })
            },
            site: WorkerSite(host: text(), job: text(), endpoints: list { $0.text() }),
            reported: Bool.random(using: &random) ? load() : nil)
    }

    private mutating func model() -> Offer.Model {
        Offer.Model(kind: text(), model: text(), fingerprint: fingerprint())
    }

    private mutating func fingerprint() -> Fingerprint {
        let count = Int.random(in: 0...4, using: &random)
        return Fingerprint(
            Dictionary((0..<count).map { _ in (fact(), fact()) }, uniquingKeysWith: { $1 }))
    }

    /// The database holds no U+0000, so no fact has it.
    private mutating func fact() -> String { text().filter { $0 != "\u{0}" } }

    private mutating func welcome() -> Welcome {
        Welcome(
            term: term(), heartbeatInterval: duration(least: 1), silenceMax: duration(least: 1),
            adopted: list {
                Welcome.Adoption(old: $0.leaseName(), new: $0.leaseName(), proof: $0.proof())
            })
    }

    private mutating func runDescription() -> RunDescription {
        var parameters = SamplingParameters()
        parameters.temperature = Double.random(in: 0...2, using: &random)
        parameters.stop = list { "s" + $0.text() }
        parameters.seed = random.next()
        var policy = PolicySpec(kind: .openai, model: text())
        policy.revision = Bool.random(using: &random) ? text() : nil
        policy.api = PolicySpec.API.allCases.randomElement(using: &random)
        if Bool.random(using: &random) {
            policy = PolicySpec(kind: .synthetic, model: text())
            policy.synthetic = SyntheticSpec()
        }
        var scorer = ScorerSpec(kind: .rerank, model: text())
        if Bool.random(using: &random) {
            scorer = ScorerSpec(
                kind: .verifier(VerifierSpec(rule: .finalNumber)), model: text())
        }
        let sampling = SamplingSpec(promptSet: text(), policy: policy, parameters: parameters)
        var spec = RunSpec(
            name: "n" + text(), scoring: ScoringSpec(sampling: sampling, scorer: scorer),
            draws: Int.random(in: 1...128, using: &random))
        spec.weight = Double.random(in: 0.001...10, using: &random)
        var run = RunDescription(
            id: RunID(number()), sampling: SamplingID(number()), scoring: ScoringID(number()),
            spec: spec)
        run.policyFingerprint = Bool.random(using: &random) ? fingerprint() : nil
        run.scorerFingerprint = Bool.random(using: &random) ? fingerprint() : nil
        return run
    }

    private mutating func lease() -> Lease {
        let content: PromptContent =
            Bool.random(using: &random)
            ? .text(text()) : .chat(list { $0.message() }, tools: mayBeText())
        return Lease(
            name: leaseName(), run: RunID(number()),
            prompt: Prompt(
                id: PromptID(number()), key: text(), content: content, metadata: text()),
            seedBase: UInt64.random(in: 0...DrawSeed.baseMax, using: &random),
            items: workItems(),
            duration: duration(least: 1), proof: proof())
    }

    /// Items that have all a text, or none.
    private mutating func workItems() -> [WorkItem] {
        let hasTexts = Bool.random(using: &random)
        return list { generator in
            WorkItem(name: generator.itemName(), text: hasTexts ? generator.text() : nil)
        }
    }

    private mutating func message() -> ChatMessage {
        var message = ChatMessage(role: text(), content: text())
        message.name = mayBeText()
        message.reasoning = mayBeText()
        message.toolCallID = mayBeText()
        message.toolCalls = mayBeText()
        return message
    }

    /// A text that is not empty, or none.
    private mutating func mayBeText() -> String? {
        Bool.random(using: &random) ? "t" + text() : nil
    }

    private mutating func itemResult() -> ItemResult {
        var result = ItemResult(name: itemName())
        if result.name.kind == .candidateLogProbability, Bool.random(using: &random) {
            result.logProbability = logProbability()
        } else if Bool.random(using: &random) {
            result.reward = Double.random(in: -1e6...1e6, using: &random)
            result.parts = list { Double.random(in: -1e6...1e6, using: &$0.random) }
        } else {
            result.failure = Failure(
                stage: Failure.Stage.allCases.randomElement(using: &random) ?? .scoring,
                code: ModelError.Code.allCases.randomElement(using: &random) ?? .timeout,
                message: text(), attempts: Int.random(in: 0...9, using: &random))
        }
        if result.failure?.stage != .sampling, Bool.random(using: &random) {
            result.completion = completion()
        }
        if Bool.random(using: &random) { result.seed = UInt64.random(in: 0...9, using: &random) }
        if Bool.random(using: &random) { result.sampleDuration = duration(least: 0) }
        if Bool.random(using: &random) {
            result.scorerTokens = TokenCount(
                input: Int.random(in: 0...9, using: &random), output: 1)
            result.policyTokens = TokenCount(input: Int.random(in: 0...9, using: &random))
        }
        return result
    }

    private mutating func logProbability() -> LogProbability {
        LogProbability(
            sum: Double.random(in: -1e3...0, using: &random),
            tokenCount: Int.random(in: 0...9, using: &random), tokenIDs: tokenIDs(),
            tokenValues: tokenValues())
    }

    private mutating func tokenIDs() -> [Int32]? {
        Bool.random(using: &random)
            ? nil : (0...2).map { _ in Int32.random(in: 0...(.max), using: &random) }
    }

    private mutating func tokenValues() -> [Double]? {
        Bool.random(using: &random)
            ? nil : (0...2).map { _ in Double(Float.random(in: -9...0, using: &random)) }
    }

    private mutating func completion() -> Completion {
        var completion = Completion(
            text: text(),
            tokenCount: Bool.random(using: &random) ? Int.random(in: 0...9, using: &random) : nil,
            finishReason: FinishReason.allCases.randomElement(using: &random) ?? .stop,
            logProbability: Bool.random(using: &random)
                ? Double.random(in: -1e3...0, using: &random) : nil)
        if Bool.random(using: &random) { completion.promptTokenCount = 7 }
        completion.tokenIDs = tokenIDs()
        completion.tokenLogProbabilities = tokenValues()
        return completion
    }

    private mutating func leaseName() -> LeaseName {
        LeaseName(term: term(), task: TaskID(random.next()), epoch: Epoch(random.next()))
    }

    private mutating func itemName() -> ItemName {
        let index = Int32.random(in: 0...(.max), using: &random)
        switch Int.random(in: 0...2, using: &random) {
        case 0: return .draw(index)
        case 1: return .candidate(index)
        default: return .candidateLogProbability(index)
        }
    }

    private mutating func duration(least: Int64) -> Duration {
        .nanoseconds(Int64.random(in: least...31_000_000_000_000_000, using: &random))
    }

    private mutating func number() -> Int64 {
        // Small and negative numbers take other paths of the varint code than large ones.
        Bool.random(using: &random)
            ? Int64.random(in: -2...2, using: &random)
            : Int64(truncatingIfNeeded: random.next())
    }

    private mutating func list<Element>(
        _ element: (inout RandomMessages) -> Element
    ) -> [Element] {
        let count = Int.random(in: 0...4, using: &random)
        return (0..<count).map { _ in element(&self) }
    }
}
