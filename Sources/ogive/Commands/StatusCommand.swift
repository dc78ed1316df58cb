internal import ArgumentParser
internal import Glibc
internal import OgiveStore

/// `ogive status [RUN]`: how far the runs are, and which workers there are.
struct StatusCommand: ConfiguredCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how far the runs are, the coordinator and the workers.",
        discussion: """
            SIZE is what completions and rewards take on disk; runs that share a sampling
            or a scoring share it, too. --orphans lists the samplings and scorings that
            no run names; `ogive drop --orphans` removes them.

            Examples:
              ogive status --config config/quickstart.yaml
              ogive status quickstart --json
            """)

    @Argument(help: "Only this run.")
    var name: String?

    @Flag(help: "Show the samplings and scorings that no run names, with their sizes.")
    var orphans = false

    @Flag(help: "Print JSON: an object with `runs`, `coordinator` and `workers`.")
    var json = false

    @OptionGroup var file: ConfigurationOption

    func configurationFile() throws(CommandError) -> ConfigurationFile { try file.file() }

    var givenRun: String? { name }

    func validate() throws {
        if orphans, name != nil { throw ValidationError("Orphans are of no run: give no name.") }
    }

    func run() async throws {
        let configuration = try file.load()
        if orphans {
            let found = try await DatabaseSession.withStore(configuration) { store, _ in
                try await store.orphans()
            }
            Output.show(json ? [ExactJSON.output(found.fields).json] : found.lines)
            return
        }
        let (runs, coordinator, workers) = try await DatabaseSession.withStore(configuration) {
            store, _ in
            (
                try await store.status(ofRun: name), try await store.coordinator(),
                try await store.workers()
            )
        }
        if json {
            Output.show(
                ExactJSON.output([
                    "runs": .array(runs.map(\.json)), "coordinator": coordinator.json,
                    "workers": .array(workers.map(\.json)),
                ]).json)
            return
        }
        show(runs, workers)
        Output.show(coordinator.lines)
    }

    private func show(_ runs: [RunStatus], _ workers: [WorkerStatus]) {
        let style = TerminalStyle(descriptor: STDOUT_FILENO, environment: Environment.current)
        var table = TextTable(
            [
                "RUN", "STATE", "PROMPTS", "DRAWS", "LANDED", "FAILED", "PENDING", "MEAN", "SIZE",
                "POLICY",
            ],
            [.left, .left, .right, .right, .right, .right, .right, .right, .right, .left])
        for run in runs {
            table.add([
                run.run, run.state, "\(run.prompts)", "\(run.targetDraws)", "\(run.landed)",
                "\(run.failures)", "\(run.pending)",
                run.meanReward.map { NumberText.decimal($0, 3) } ?? "",
                ByteCountText.rough(run.completionBytes + run.rewardBytes),
                run.policy + (run.isSynthetic ? " (SYNTHETIC)" : "")
                    + (run.isAdopted ? " (ADOPTED)" : ""),
            ])
        }
        Output.show(table.lines(width: style.isTerminal ? style.width : .max))
        let more =
            runs.compactMap(\.candidateLine) + runs.compactMap(\.spendingLine)
            + runs.flatMap(\.slotLines)
        Output.show(more)
        let present = workers.filter { $0.state != "left" && $0.state != "lost" }
        guard !present.isEmpty else { return }
        var list = TextTable(["WORKER", "NAME", "STATE", "NOTE"])
        for worker in present {
            list.add([String(worker.id.prefix(8)), worker.name, worker.state, worker.note ?? ""])
        }
        Output.show([""] + list.lines())
        showUnavailable(present, style)
    }

    /// Endpoints that get no requests, with the worker that says so.
    private func showUnavailable(_ workers: [WorkerStatus], _ style: TerminalStyle) {
        let lines = Self.outageLines(
            workers.map { ($0.name, $0.unavailable) }, width: style.isTerminal ? style.width : .max)
        if !lines.isEmpty { Output.show([""] + lines) }
    }

    /// Most outages of a worker that are listed: it may report any of any size.
    static let outagesMax = 5

    /// The endpoints that workers, by their names, say are unavailable.
    static func outageLines(
        _ workers: [(name: String, outages: [UnavailableEndpoint])], width: Int
    ) -> [String] {
        guard workers.contains(where: { !$0.outages.isEmpty }) else { return [] }
        var table = TextTable(["ENDPOINT WITHOUT REQUESTS", "WORKER", "SERVES", "SINCE", "REASON"])
        for worker in workers {
            for outage in worker.outages.prefix(outagesMax) {
                table.add([
                    outage.endpoint, worker.name, outage.model, outage.since,
                    "\(outage.code): \(outage.message)",
                ])
            }
            let left = worker.outages.count - outagesMax
            if left > 0 {
                table.add(["… \(NumberText.count(left)) more: --json", worker.name, "", "", ""])
            }
        }
        return table.lines(width: width)
    }
}

extension RunStatus {
    /// How many draws a prompt gets: `32`, or `8 to 128` where that follows from the first ones.
    var drawsText: String { minDraws.map { "\($0) to \(draws)" } ?? "\(draws)" }

    /// The prompts and their draws: `60 prompts × 40`, when that is what the run asks for.
    var extentText: String {
        let count = NumberText.count(prompts, "prompt")
        if minDraws == nil, targetDraws != prompts * draws {
            return "\(count), \(NumberText.count(draws, "draw")) each at most"
        }
        return "\(count) × \(drawsText)"
    }

    /// What became of candidates, where the run scores them or asks for their log-probabilities.
    var candidateLine: String? {
        var parts: [String] = []
        func add(_ what: String, _ landed: Int, _ target: Int, _ failed: Int) {
            guard target > 0 else { return }
            let failures = failed > 0 ? ", \(NumberText.count(failed)) failed" : ""
            parts.append(
                "\(NumberText.count(landed)) of \(NumberText.count(target, "candidate")) "
                    + "\(what)\(failures)")
        }
        add("scored", landedCandidates, targetCandidates, candidateFailures)
        add(
            "with a log-probability", landedLogProbabilities, targetLogProbabilities,
            logProbabilityFailures)
        return parts.isEmpty ? nil : "\(run): \(parts.joined(separator: "; "))"
    }

    /// How much of the time of its workers' slots was used, where that is known.
    var slotLines: [String] {
        slotTime.busyLines.map { "\(run): \($0.stage) \($0.text)" }
    }

    /// For a script.
    var json: ExactJSON {
        .object([
            "run": .string(run), "state": .string(state), "prompt_set": .string(promptSet),
            "prompts": .number("\(prompts)"), "draws": .number("\(draws)"),
            "min_draws": minDraws.map { .number("\($0)") } ?? .null,
            "target_draws": .number("\(targetDraws)"), "sampled": .number("\(sampled)"),
            "landed": .number("\(landed)"), "failures": .number("\(failures)"),
            "pending": .number("\(pending)"), "target_candidates": .number("\(targetCandidates)"),
            "landed_candidates": .number("\(landedCandidates)"),
            "candidate_failures": .number("\(candidateFailures)"),
            "target_log_probabilities": .number("\(targetLogProbabilities)"),
            "landed_log_probabilities": .number("\(landedLogProbabilities)"),
            "log_probability_failures": .number("\(logProbabilityFailures)"),
            "tokens": .number("\(tokens)"), "truncated": .number("\(truncated)"),
            "mean_reward": meanReward.map { .number("\($0)") } ?? .null,
            "policy": .string(policy), "scorer": .string(scorer), "synthetic": .bool(isSynthetic),
            "adopted": .bool(isAdopted), "samples": .bool(samples), "spending": spending.json,
            "slot_time": slotTime.json,
            "completion_bytes": .number("\(completionBytes)"),
            "reward_bytes": .number("\(rewardBytes)"),
        ])
    }
}

extension CoordinatorStatus {
    /// What is worth an operator's look when it is not zero, with what it counts.
    private static let unusual = [
        "ogive_lease_expirations_total": "leases that ran out",
        "ogive_results_total{outcome=duplicate}": "results that came twice",
        "ogive_results_total{outcome=stale}": "results of tasks that another worker had by then",
        "ogive_results_total{outcome=rejected}": "results that were refused",
        "ogive_failures_total": "items that became failures: see `ogive failures`",
        "ogive_database_errors_total": "errors of the database",
    ]
    private static let unusualPrefixes = [
        "ogive_dropped_messages_total": "messages that were dropped",
        "ogive_handshake_failures_total": "connections without a fitting key",
    ]

    /// For a person: who leads, and the unusual totals since it does that are not zero.
    var lines: [String] {
        var lines = ["", "coordinator: \(leader)"]
        guard leads else { return lines }
        for (name, count) in counts.sorted(by: { $0.key < $1.key }) where count != 0 {
            let meaning =
                Self.unusual[name]
                ?? Self.unusualPrefixes.first { name.hasPrefix($0.key) }?.value
            if let meaning { lines.append("  \(name) \(NumberText.count(count)): \(meaning)") }
        }
        return lines
    }

    private var leader: String {
        guard let name, let since, let renewedAt else { return "none leads" }
        return leads
            ? "\(name) leads since \(since) (term \(term))"
            : "none leads; term \(term) of \(name) expired; it was last renewed at "
                + renewedAt
    }

    /// For a script.
    var json: ExactJSON {
        .object([
            "name": name.map(ExactJSON.string) ?? .null, "term": .number("\(term)"),
            "leads": .bool(leads), "since": since.map(ExactJSON.string) ?? .null,
            "renewed_at": renewedAt.map(ExactJSON.string) ?? .null,
            "counts": .object(JSONFields(counts.mapValues { ExactJSON.number("\($0)") })),
        ])
    }
}

extension WorkerStatus {
    /// For a script.
    var json: ExactJSON {
        func text(_ value: String?) -> ExactJSON { value.map(ExactJSON.string) ?? .null }
        func count(_ value: Int?) -> ExactJSON { value.map { .number("\($0)") } ?? .null }
        func rate(_ value: Double?) -> ExactJSON {
            value.map { .number(NumberText.decimal($0, 4)) } ?? .null
        }
        return fields(text, count, rate)
    }

    private func fields(
        _ text: (String?) -> ExactJSON, _ count: (Int?) -> ExactJSON,
        _ rate: (Double?) -> ExactJSON
    ) -> ExactJSON {
        .object([
            "id": .string(id), "name": .string(name), "state": .string(state),
            "note": note.map(ExactJSON.string) ?? .null, "seen_at": .string(seenAt),
            "unavailable_endpoints": .array(unavailable.map(\.json)),
            "host": text(load.host), "job": text(load.job), "program": text(load.version),
            "endpoints": .array(load.endpoints.map(ExactJSON.string)),
            "sample_slots": count(load.sampleSlots), "score_slots": count(load.scoreSlots),
            "draws": count(load.draws), "tokens": count(load.tokens),
            "draws_per_second": rate(load.drawsPerSecond),
            "tokens_per_second": rate(load.tokensPerSecond),
            "busy_share": rate(load.busyShare), "waits": load.waits.waitsJSON,
        ])
    }
}

extension UnavailableEndpoint {
    /// For a script.
    var json: ExactJSON {
        .object([
            "model": .string(model), "endpoint": .string(endpoint), "code": .string(code),
            "message": .string(message), "since": .string(since),
        ])
    }
}
