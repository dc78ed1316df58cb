package import OgiveCore

/// A short burst at the concurrency of the run, to say how long the whole will take.
package struct ThroughputProbe: Sendable {
    /// The policy's endpoints.
    package var policies: [any Policy]
    /// The scorer's endpoints.
    package var scorers: [any Scorer]
    /// How the policy is sampled.
    package var parameters: SamplingParameters
    /// Prompts of the set.
    package var prompts: [Prompt]
    /// Sampling requests at once.
    package var sampleConcurrency: Int
    /// Scoring batches at once.
    package var scoreConcurrency: Int
    /// Draws of one request.
    package var drawsPerRequest: Int
    /// Longest time for each of the two.
    package var limit: Duration = .seconds(3)

    /// Names the models.
    package init(
        policies: [any Policy], scorers: [any Scorer], parameters: SamplingParameters,
        prompts: [Prompt], sampleConcurrency: Int, scoreConcurrency: Int, drawsPerRequest: Int
    ) {
        self.policies = policies
        self.scorers = scorers
        self.parameters = parameters
        self.prompts = prompts
        self.sampleConcurrency = sampleConcurrency
        self.scoreConcurrency = scoreConcurrency
        self.drawsPerRequest = drawsPerRequest
    }

    /// What a burst gave.
    package struct Burst: Hashable, Sendable {
        /// Draws, or scores.
        package var count = 0
        /// Tokens of completions, and of prompts; of scores, those that they took.
        package var tokens = TokenCount()
        /// Bytes of the texts.
        package var bytes = 0
        /// How long it took.
        package var elapsed = Duration.zero
        /// Why some did not come; that the server is gone counts more than any other reason.
        package var failure: ModelError?

        /// Draws or scores in a second; `nil` when none came.
        package var perSecond: Double? {
            count > 0 && elapsed > .zero ? Double(count) / (elapsed / .seconds(1)) : nil
        }

        /// A burst of nothing.
        package init() {}

        fileprivate mutating func add(_ error: ModelError) {
            guard let failure, !error.isServerGone || failure.isServerGone else {
                self.failure = error
                return
            }
        }
    }

    /// Most that both bursts take together.
    package static let time = Duration.seconds(6)

    /// Requests of one burst: twice the concurrency, so that every slot is refilled once.
    private static let rounds = 2
    /// Most requests of one burst.
    private static let requestsMax = 256

    /// Samples until all requests are answered or the time is up.
    package func sample(_ time: TimeSource) async -> (Burst, [ScoreRequest]) {
        let concurrency = min(sampleConcurrency, Self.requestsMax)
        let begun = time.now()
        let results = await inParallel(concurrency * Self.rounds, concurrency, time) { number in
            let prompt = prompts[number % prompts.count]
            let first = Int32(number / prompts.count * drawsPerRequest)
            let request = SampleRequest(
                prompt: prompt, seedBase: 615_001 + UInt64(number % prompts.count) * 10_000,
                indexes: (0..<Int32(drawsPerRequest)).map { first + $0 }, parameters: parameters)
            let answers = await policies[number % policies.count].sample(request)
            return answers.map { (prompt, $0) }
        }
        var burst = Burst()
        burst.elapsed = time.now() - begun
        var texts: [ScoreRequest] = []
        for (prompt, result) in results.flatMap(\.self) {
            switch result {
            case .success(let draw):
                burst.count += 1
                burst.tokens.output += draw.tokenCount ?? 0
                burst.tokens.input += draw.promptTokenCount ?? 0
                burst.bytes += draw.text.utf8.count
                texts.append(ScoreRequest(prompt: prompt, completion: draw.text))
            case .failure(let error): burst.add(error)
            }
        }
        return (burst, texts)
    }

    /// Scores texts until all are scored or the time is up.
    package func score(_ texts: [ScoreRequest], _ time: TimeSource) async -> Burst {
        var burst = Burst()
        guard !texts.isEmpty else { return burst }
        let size = max(1, min(drawsPerRequest * 2, texts.count / max(1, scoreConcurrency)))
        let batches = stride(from: 0, to: texts.count, by: size).map {
            Array(texts[$0..<min($0 + size, texts.count)])
        }
        let begun = time.now()
        let results = await inParallel(batches.count, scoreConcurrency, time) { number in
            await scorers[number % scorers.count].score(batches[number])
        }
        burst.elapsed = time.now() - begun
        for result in results.flatMap(\.self) {
            switch result {
            case .success(let score):
                burst.count += 1
                if let tokens = score.tokens { burst.tokens = burst.tokens + tokens }
            case .failure(let error): burst.add(error)
            }
        }
        return burst
    }

    /// Why a model is gone after bursts in which its server was lost; `nil` when it answers a
    /// request by itself: many at once were too many for it.
    package func lostModel(
        _ sampling: Burst, _ scoring: Burst, _ texts: [ScoreRequest]
    ) async -> ModelError? {
        var failures: [ModelError?] = []
        if sampling.failure?.isServerGone ?? false {
            var one = parameters
            one.maxTokens = 1
            let request = SampleRequest(
                prompt: prompts[0], seedBase: 615_001, indexes: [0], parameters: one)
            for policy in policies { failures.append(await policy.sample(request).first?.failure) }
        }
        if scoring.failure?.isServerGone ?? false, let text = texts.first {
            for scorer in scorers { failures.append(await scorer.score([text]).first?.failure) }
        }
        return failures.lazy.compactMap(\.self).first(where: \.isServerGone)
    }

    /// Runs `count` operations, some at once; those that are not done in time are given up.
    private func inParallel<Value: Sendable>(
        _ count: Int, _ concurrency: Int, _ time: TimeSource,
        _ operation: @escaping @Sendable (Int) async -> Value
    ) async -> [Value] {
        await withTaskGroup(of: Value?.self) { group in
            group.addTask {
                // Cancelled when everything was faster.
                try? await time.sleep(limit)
                return nil
            }
            var begun = 0
            while begun < min(count, concurrency) {
                let number = begun
                group.addTask { await operation(number) }
                begun += 1
            }
            var values: [Value] = []
            while values.count < count, let value = await group.next(), let value {
                values.append(value)
                if begun < count {
                    let number = begun
                    group.addTask { await operation(number) }
                    begun += 1
                }
            }
            group.cancelAll()
            return values
        }
    }
}

/// What a whole run will take, from a burst.
package struct Estimate: Hashable, Sendable {
    /// Draws still to be made.
    package var draws: Int
    /// Time for them; `nil` when nothing came of the burst.
    package var time: Duration?
    /// Tokens of the policy; `nil` when its server does not report it.
    package var tokens: TokenCount?
    /// Tokens of the scorer, as far as its server reports them.
    package var scorerTokens = TokenCount()
    /// Their cost; `nil` without prices.
    package var cost: Double?
    /// Bytes in the database.
    package var bytes: Int

    /// Bytes of a draw beside its text: row, index entries, its share of the table.
    package static let bytesPerDraw = 220

    /// Scales a burst up to `draws`.
    package init(
        draws: Int, sampling: ThroughputProbe.Burst, scoring: ThroughputProbe.Burst,
        prices: Prices?
    ) {
        self.draws = draws
        let share = sampling.count > 0 ? Double(draws) / Double(sampling.count) : 0
        // Sampling and scoring go on side by side: the slower one decides.
        let rates = [sampling.perSecond, scoring.perSecond].compactMap(\.self)
        time = sampling.count > 0 ? rates.min().map { .seconds(Double(draws) / $0) } : nil
        if sampling.tokens.total > 0 {
            let scaled = sampling.tokens.scaled(by: share)
            tokens = scaled
            let scores = scoring.count > 0 ? Double(draws) / Double(scoring.count) : 0
            let scored = scoring.tokens.scaled(by: scores)
            scorerTokens = scored
            cost = prices.map { $0.cost(of: Spending(policy: scaled, scorer: scored)) }
        }
        bytes = Int(scaling: sampling.bytes, by: share)
            .saturating(adding: draws * Self.bytesPerDraw)
    }

    /// Draws with their rewards in a second; `nil` when nothing came of the burst.
    package var drawsPerSecond: Double? {
        time.flatMap { $0 > .zero ? Double(draws) / ($0 / .seconds(1)) : nil }
    }

    /// Whether a budget can be kept, and suffices, as far as the servers report them.
    package func budgetFindings(_ spec: RunSpec) -> [Finding] {
        guard let budget = spec.budget else { return [] }
        let key = "run.budget"
        guard let tokens else {
            return [
                Finding(
                    .error, .budget, at: key,
                    "cannot be kept: the policy's server does not report how many tokens it takes",
                    advice: "take the budget out, or serve the policy by one that reports them")
            ]
        }
        let isShort =
            budget.tokens.map { tokens.total + scorerTokens.total > $0 } ?? false
            || zip2(budget.cost, cost).map { $0 < $1 } ?? false
        return [
            isShort
                ? Finding(
                    .warning, .budget, at: key,
                    "is less than the whole run will take: it stops before all prompts have "
                        + "their draws",
                    advice: "nothing, if that is meant; else raise the budget or lower `run.draws`")
                : Finding(
                    .ok, .budget, at: key,
                    scorerTokens.total > 0
                        ? "suffices for the tokens of policy and scorer"
                        : "suffices for the policy's tokens")
        ]
    }

    private func zip2<First, Second>(_ first: First?, _ second: Second?) -> (First, Second)? {
        guard let first, let second else { return nil }
        return (first, second)
    }
}

extension TokenCount {
    fileprivate func scaled(by factor: Double) -> TokenCount {
        TokenCount(
            input: Int(scaling: input, by: factor), output: Int(scaling: output, by: factor))
    }
}

extension Int {
    /// A count scaled up, or the largest number where it would not fit.
    fileprivate init(scaling count: Int, by factor: Double) {
        self = Int(exactly: (Double(count) * factor).rounded(.towardZero)) ?? .max
    }
}
