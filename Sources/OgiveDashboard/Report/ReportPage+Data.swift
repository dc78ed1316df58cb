internal import OgiveCore
internal import QuantileRewards

/// What was sampled, how much of it is there, and how precise it is.
extension ReportPage {
    var source: Markup {
        let source = report.source
        return section("What was sampled and scored") {
            paragraph(
                "The specification names all that a draw depends on; its SHA-256 is its name. "
                    + "Fingerprints are what the servers said of themselves when the first work "
                    + "was leased.")
            Markup("div", [Attribute("class", "charts")]) {
                Markup("div") {
                    Markup("h3", [], "Specification of sampling and scoring")
                    specification(source.scoringSpec)
                }
                Markup("div") {
                    Markup("h3", [], "Specification of the run, beside these")
                    specification(source.runSpec)
                    Markup("h3", [], "Fingerprint of the policy")
                    if source.isAdopted {
                        paragraph("None: the completions were adopted from a file.")
                    } else {
                        fingerprint(source.policyFingerprint)
                    }
                    Markup("h3", [], "Fingerprint of the scorer")
                    fingerprint(source.scorerFingerprint)
                }
            }
        }
    }

    private func specification(_ text: String) -> Markup {
        OutsideText.block(CutText(text), isCode: true)
    }

    private func fingerprint(_ text: String?) -> Markup {
        guard let text else { return paragraph("None yet: nothing was leased.") }
        return specification(text)
    }

    var counts: Markup {
        let counts = report.counts
        var table = DataTable(
            .text("of the run"), .number("asked for"), .number("landed"), .number("failed"),
            .number("pending"))
        func add(_ name: String, _ target: Int, _ landed: Int, _ failed: Int, _ pending: Int) {
            table.add(
                name, NumberLabel.count(target), NumberLabel.count(landed),
                NumberLabel.count(failed), NumberLabel.count(pending))
        }
        add("draws", counts.targetDraws, counts.landed, counts.failures, counts.pending)
        if counts.targetCandidates > 0 {
            let done = counts.landedCandidates + counts.candidateFailures
            add(
                "rewards of candidates", counts.targetCandidates, counts.landedCandidates,
                counts.candidateFailures, max(0, counts.targetCandidates - done))
        }
        if counts.targetLogProbabilities > 0 {
            let done = counts.landedLogProbabilities + counts.logProbabilityFailures
            add(
                "log-probabilities of candidates", counts.targetLogProbabilities,
                counts.landedLogProbabilities, counts.logProbabilityFailures,
                max(0, counts.targetLogProbabilities - done))
        }
        let draws =
            counts.minDraws.map {
                "\(NumberLabel.count($0)) to \(NumberLabel.count(counts.draws, "draw"))"
            } ?? NumberLabel.count(counts.draws, "draw")
        return section("Counts") {
            paragraph(
                "\(NumberLabel.count(counts.prompts, "prompt")), \(draws) each; "
                    + "\(NumberLabel.count(counts.sampled, "completion")) with "
                    + "\(NumberLabel.count(counts.tokens, "token")), where the server reports "
                    + "them.")
            table.markup("Items of the run")
        }
    }

    /// How much of the time that was allocated to the run was used.
    var slots: Markup {
        let time = report.slotTime
        if time.isEmpty { return .empty }
        var table = DataTable(
            .text("slots for"), .number("slot hours"), .number("busy"), .number("policy"),
            .number("scorer"), .number("coordinator"), .number("no work"))
        for stage in SlotWait.Stage.allCases {
            let total = time.total(stage)
            guard total > 0 else { continue }
            let waits = SlotWait.Side.allCases.map { side in
                NumberLabel.share(time[SlotWait(stage: stage, side: side)], of: total)
            }
            let cells =
                [
                    stage == .sample ? "sampling" : "scoring",
                    NumberLabel.value(Double(total) / 3_600_000, digits: 3),
                    NumberLabel.share(time.busy(stage), of: total),
                ] + waits
            table.add(cells.map { Markup($0) })
        }
        return section("Slots of the workers") {
            paragraph(
                "A slot is a place of a worker for one request to the policy, or for one batch to "
                    + "the scorer. It is busy while its own model works for it; else it waits for "
                    + "the other model, for the coordinator, or there is no work. Counted is the "
                    + "time of all slots of workers that served the run while it was open: idle "
                    + "slots are GPUs that were allocated and not used, as far as a server needs "
                    + "all of its slots.")
            table.markup("Time of slots by what they waited for")
        }
    }

    var distributions: Markup {
        section("Distributions") {
            if let rewards = report.rewards {
                Markup("div", [Attribute("class", "charts")]) {
                    HistogramChart(
                        id: "rewards", rewards.histogram,
                        median: rewards.quantiles.first { $0.share == 0.5 }?.value
                    ).figure.markup
                    if let spread = report.tables?.spread {
                        DensityChart(id: "spread", Self.spread, spread).figure.markup
                    }
                    if let curves = report.tables?.quantiles, !curves.isEmpty {
                        QuantilesChart(id: "quantiles", curves).figure.markup
                    }
                    if let lengths = report.lengths, let density = lengths.density {
                        DensityChart(
                            id: "lengths", Self.lengths(lengths), density, line: lengths.means
                        ).figure.markup
                    }
                }
                quantiles(rewards)
                variances
            } else {
                paragraph("No draw has a reward yet.")
            }
        }
    }

    private static let spread = DensityChart.Words(
        title: "Mean and spread per prompt.",
        caption: "Prompts by the mean and the standard deviation of their rewards.",
        x: "mean reward", y: "standard deviation", thing: "prompt")

    private static func lengths(_ lengths: LengthReport) -> DensityChart.Words {
        let unit = lengths.isInTokens ? "tokens" : "characters"
        return DensityChart.Words(
            title: "Length against reward.",
            caption: "Draws by their length and reward. Discs: the share that max_tokens cut off.",
            x: "\(unit) of the completion", y: "reward", thing: "draw", marked: "truncated",
            line: "mean reward")
    }

    private func quantiles(_ rewards: RewardSummary) -> Markup {
        var table = DataTable(.number("share of draws"), .number("reward at most"))
        for quantile in rewards.quantiles {
            table.add(
                NumberLabel.value(quantile.share * 100, digits: 4) + " %",
                NumberLabel.value(quantile.value, digits: 6))
        }
        return table.markup("Quantiles of the rewards of all draws")
    }

    private var variances: Markup {
        guard let tables = report.tables, let between = tables.deviationBetween,
            let within = tables.deviationWithin
        else { return .empty }
        return paragraph(
            "Between prompts, mean rewards have the standard deviation "
                + "\(NumberLabel.value(between, digits: 3)); within a prompt, rewards have "
                + "\(NumberLabel.value(within, digits: 3)) (root of the mean variance).")
    }

    var precision: Markup {
        var table = DataTable(
            .text("rewards of a prompt"), .number("prompts"), .number("effective n, mean"),
            .number("least"), .number("band ±"), .number("standard error ≤"))
        for size in report.tables?.sizes ?? [] {
            let n = Double(size.least)
            table.add(
                size.least == size.most
                    ? NumberLabel.count(size.least)
                    : "\(NumberLabel.count(size.least)) to \(NumberLabel.count(size.most))",
                NumberLabel.count(size.tables), NumberLabel.value(size.effective, digits: 3),
                NumberLabel.value(size.effectiveLeast, digits: 3),
                NumberLabel.decimal(Self.bandHalfWidth(size.least), 3),
                NumberLabel.decimal(0.5 / n.squareRoot(), 3))
        }
        return section("Precision") {
            paragraph(
                "With 95 % confidence the whole true distribution of a prompt lies within the band "
                    + "around its table (Dvoretzky, Kiefer and Wolfowitz, with Massart's "
                    + "constant). The standard error of a quantile reward is largest at ½. The "
                    + "effective n is n² over the sum of the squared sizes of groups of equal "
                    + "rewards: how many values a table tells apart.")
            if !table.isEmpty { table.markup("Tables by their number of rewards") }
        }
    }

    /// Of a table with `count` rewards, at least one: the half width depends on nothing else.
    static func bandHalfWidth(_ count: Int) -> Double {
        EmpiricalDistribution(repeatElement(0, count: max(1, count)))?
            .bandHalfWidth(level: CurveChart.level) ?? .nan
    }

    var degenerate: Markup {
        guard let tables = report.tables else { return .empty }
        var rewards = DataTable(.number("reward"), .number("tables"))
        for reward in tables.degenerateRewards {
            rewards.add(NumberLabel.value(reward.reward), NumberLabel.count(reward.tables))
        }
        var examples = DataTable(.text("prompt"), .number("rewards"), .number("each"))
        for table in tables.degenerateExamples {
            examples.add([
                OutsideText.line(table.promptKey), Markup(NumberLabel.count(table.count)),
                Markup(NumberLabel.value(table.reward)),
            ])
        }
        return section("All-equal tables") {
            paragraph(
                "\(NumberLabel.count(tables.degenerate)) of "
                    + NumberLabel.count(tables.count, "table", "has", "have")
                    + " rewards that are all equal, \(NumberLabel.count(tables.single)) of these "
                    + "because there is a single reward. Such a table cannot tell completions "
                    + "apart: each quantile reward is 0 or 1.")
            if !rewards.isEmpty {
                rewards.markup("The most frequent rewards of all-equal tables of two or more")
                examples.markup("The first of these tables")
            }
        }
    }
}
