package import OgiveCore

/// One thing that was looked at before a run, and what was concluded.
package struct Finding: Hashable, Sendable {
    /// How bad it is.
    package enum Severity: String, Hashable, Sendable, CaseIterable, Comparable {
        /// As it should be.
        case ok
        /// Worth knowing.
        case note
        /// The run will go through, and its result may not be what was meant.
        case warning
        /// The run cannot go through, or its result would be wrong.
        case error

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

        package static func < (left: Severity, right: Severity) -> Bool {
            left.rank < right.rank
        }
    }

    /// Who has to act on an error of a server.
    package enum Cause: Hashable, Sendable {
        /// Nobody, perhaps: it is not there, and may be later.
        case outage
        /// Who wrote the configuration: it refuses the key, or serves another model.
        case configuration

        /// The cause that an error of a model's server is; `nil` when it says nothing of the
        /// server.
        package init?(_ error: ModelError) {
            guard error.concernsEndpoint || error.isServerGone else { return nil }
            self = error.isRetriable ? .outage : .configuration
        }
    }

    /// What was looked at.
    package var code: FindingCode
    /// How bad it is.
    package var severity: Severity
    /// The URL, file or key that it is about.
    package var place: String
    /// What was concluded, and from what.
    package var message: String
    /// What to do about it.
    package var advice: String?
    /// Who has to act, when a server is not there or refuses.
    package var cause: Cause?

    /// Joins the parts. Secrets that a server repeats are hidden.
    package init(
        _ severity: Severity, _ code: FindingCode, at place: String, _ message: String,
        advice: String? = nil
    ) {
        self.severity = severity
        self.code = code
        self.place = place
        self.message = Secrets.hiding(in: message)
        self.advice = advice.map { Secrets.hiding(in: $0) }
    }

    /// An error that follows from one of a server: `what` and its message.
    package init(
        _ code: FindingCode, at place: String, _ what: String, because error: ModelError
    ) {
        self.init(.error, code, at: place, "\(what): \(error.message)")
        cause = Cause(error)
    }
}

extension [Finding] {
    /// How bad the worst of them is; `nil` when there are none.
    package var worst: Finding.Severity? { map(\.severity).max() }
}

/// What a preflight looks at. The raw values are stable: scripts may rely on them.
package enum FindingCode: String, Hashable, Sendable, CaseIterable {
    /// The policy's server answers, with this model and key.
    case policyAnswers = "policy.answers"
    /// The same seed gives the same text.
    case policyDeterministic = "policy.deterministic"
    /// Different seeds give different texts.
    case policySeeds = "policy.seeds"
    /// Choice i of a request has the seed s + i.
    case policyChoices = "policy.choices"
    /// The temperature is heeded.
    case policyTemperature = "policy.temperature"
    /// `max_tokens` is heeded.
    case policyMaxTokens = "policy.max_tokens"
    /// Completions end by themselves, and their end token is counted.
    case policyEnding = "policy.ending"
    /// Log-probabilities are there and are such.
    case policyLogProbabilities = "policy.log_probabilities"
    /// Prompts and completions fit the context.
    case policyContext = "policy.context"
    /// The prompt begins with one BOS.
    case policyBOS = "policy.bos"
    /// The chat template shows all that the prompts have: tools, names, calls.
    case policyTemplate = "policy.template"
    /// The scorer can carry every prompt.
    case scorerPrompts = "scorer.prompts"
    /// The scorer answers.
    case scorerAnswers = "scorer.answers"
    /// The same text twice has the same reward.
    case scorerDeterministic = "scorer.deterministic"
    /// A text has the same reward alone and among others.
    case scorerBatches = "scorer.batches"
    /// Different texts have different rewards.
    case scorerVaries = "scorer.varies"
    /// Rewards are raw and not squashed.
    case scorerRaw = "scorer.raw"
    /// The end and the beginning of a long text count.
    case scorerTruncation = "scorer.truncation"
    /// Prompts and completions fit the context.
    case scorerContext = "scorer.context"
    /// The scored text begins with one BOS.
    case scorerBOS = "scorer.bos"
    /// Policy and reward model render a conversation alike.
    case templates
    /// The prompts can be read.
    case prompts
    /// How fast it goes, how long it takes, what it costs.
    case throughput
    /// The budget suffices and can be kept.
    case budget
    /// The database is there, of a fit version and schema, with the rights that are needed.
    case database
    /// What is landed fits the disk.
    case diskSpace = "disk_space"
    /// The coordinator can listen.
    case coordinator
}

/// One check, with the time that it may take.
package struct Check: Sendable {
    let code: FindingCode
    let place: String
    let limit: Duration
    let body: @Sendable () async throws -> [Finding]

    /// Names a check.
    package init(
        _ code: FindingCode, at place: String, within limit: Duration = .seconds(20),
        _ body: @escaping @Sendable () async throws -> [Finding]
    ) {
        self.code = code
        self.place = place
        self.limit = limit
        self.body = body
    }

    /// Runs it in what is left of the time of all. Fails when the server is lost meanwhile.
    package func run(_ shared: SharedTime) async -> Result<[Finding], ModelError> {
        let left = shared.left
        guard left > .zero else { return .success([shared.notChecked(code, at: place)]) }
        return await run(shared.time, within: min(limit, left))
    }

    /// Runs it. One that is not done in time is given up and says so: nothing was concluded then.
    /// When the task is cancelled, there is nothing to say.
    package func run(
        _ time: TimeSource, within bound: Duration? = nil
    ) async -> Result<[Finding], ModelError> {
        let limit = bound ?? limit
        return await withTaskGroup(of: Result<[Finding], ModelError>?.self) { group in
            group.addTask {
                do {
                    return .success(try await body())
                } catch {
                    if let error = error as? ModelError, error.isServerGone {
                        return .failure(error)
                    }
                    return .success([
                        Finding(.warning, code, at: place, "could not be checked: \(error)")
                    ])
                }
            }
            group.addTask {
                // Cancelled when the check was faster.
                try? await time.sleep(limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            // Who interrupts a check learns nothing from the time that it had.
            if Task.isCancelled { return .success([]) }
            return first
                ?? .success([
                    Finding(
                        .note, code, at: place,
                        "not concluded: the check was given up after \(limit)")
                ])
        }
    }
}

/// Counts as sentences have them.
enum CountText {
    /// A count of what `noun` names: `1 draw`, `12 draws`.
    static func of(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    /// The same with the verb that fits: `1 draw has`, `12 draws have`.
    static func of(_ number: Int, _ noun: String, _ one: String, _ more: String) -> String {
        "\(of(number, noun)) \(number == 1 ? one : more)"
    }
}
