internal import OgiveCore
internal import QuantileRewards

/// A prompt: the curve of its rewards, with the completions that made its steps.
struct PromptPage: Sendable {
    /// Most characters of a completion that a page shows.
    static let charactersMax = 20_000

    var run: RunOverview
    var prompt: PromptDetail
    /// The completion that is open.
    var completion: CompletionDetail?

    var page: DashboardPage {
        DashboardPage(
            title: "Prompt \(prompt.key)",
            trail: DashboardPage.trail(run) + [
                (Markup("Prompts"), DashboardLink.prompts(run.id))
            ],
            body: Markup([
                Markup("h1") {
                    "Prompt "
                    OutsideText.short(prompt.key)
                    " (#\(prompt.id.rawValue))"
                },
                neighbours, summary,
                Markup("div", [Attribute("class", "charts")]) {
                    Markup("div") {
                        curve
                        opened
                    }
                    Markup("div") {
                        Markup("h2", [], "Prompt")
                        OutsideText.block(prompt.content)
                    }
                },
                candidates, unscored, failures,
            ]))
    }

    private var links: CompletionLinks {
        CompletionLinks(run: run.id, prompt: prompt.id, opened: completion?.draw)
    }

    private var neighbours: Markup {
        Markup("nav", [Attribute("class", "pager"), Attribute("aria-label", "Other prompts")]) {
            if let previous = prompt.previous {
                DashboardPage.link("Prompt before", DashboardLink.prompt(previous, run.id))
            }
            if let next = prompt.next {
                DashboardPage.link("Prompt after", DashboardLink.prompt(next, run.id))
            }
        }
    }

    private var summary: Markup {
        guard let table = prompt.distribution else { return .empty }
        let (mean, deviation) = SampleReport.moments(table.rewards)
        var facts = [
            DashboardPage.fact(
                "rewards", Markup(NumberLabel.count(table.rewards.count)),
                "of \(NumberLabel.count(table.target, "draw"))"),
            DashboardPage.fact("mean", Markup(NumberLabel.value(mean))),
            DashboardPage.fact(
                "spread", Markup(deviation.map { NumberLabel.value($0) } ?? "–"),
                "standard deviation"),
            DashboardPage.fact(
                "band",
                Markup("±\(NumberLabel.decimal(ReportPage.bandHalfWidth(table.rewards.count), 2))"),
                "of the whole curve, 95 %"),
        ]
        if let first = table.rewards.first, table.rewards.count > 1, first == table.rewards.last {
            facts.append(
                DashboardPage.fact("all rewards", Markup("equal"), "it tells nothing apart"))
        }
        return DashboardPage.facts(facts)
    }

    private var curve: Markup {
        guard let distribution = prompt.distribution,
            let chart = CurveChart(id: "curve", distribution, links: links)
        else { return Markup("p", [], "No draw of this prompt has a reward yet.") }
        return Markup([
            chart.figure.markup,
            Markup(
                "p", [Attribute("class", "note")],
                "Each dot is a draw: open one to read its completion."),
        ])
    }

    private var opened: Markup {
        Markup(
            "div",
            [
                Attribute("id", "completion"), Attribute("tabindex", "-1"),
                Attribute("aria-live", "polite"),
            ]
        ) {
            if let completion {
                CompletionView(run: run.id, prompt: prompt.id, completion: completion).markup
            }
        }
    }

    private var candidates: Markup {
        guard let example = prompt.distribution, !example.candidates.isEmpty,
            let distribution = EmpiricalDistribution(example.rewards)
        else { return .empty }
        return DashboardPage.section("Candidates") {
            for candidate in example.candidates {
                let interval = distribution.interval(
                    of: candidate.reward, level: CurveChart.level)
                Markup("h3") {
                    OutsideText.line(candidate.label)
                    ": reward \(NumberLabel.value(candidate.reward)), quantile reward "
                    NumberLabel.decimal(distribution.quantileReward(of: candidate.reward), 3)
                    interval.map {
                        " (95 % interval \(NumberLabel.decimal($0.lower, 3)) to "
                            + "\(NumberLabel.decimal($0.upper, 3)))"
                    } ?? ""
                }
                OutsideText.block(candidate.text)
            }
        }
    }

    private var unscored: Markup {
        guard !prompt.unscored.isEmpty else { return .empty }
        return DashboardPage.section("Completions without a reward") {
            Markup("p") {
                for draw in prompt.unscored {
                    Markup("a", links.attributes(draw)) { "draw \(draw)" }
                    " "
                }
            }
        }
    }

    private var failures: Markup {
        guard !prompt.failures.isEmpty else { return .empty }
        return DashboardPage.section("Failures") {
            for failure in prompt.failures {
                Markup("h3") {
                    "\(failure.kind) \(failure.index): "
                    OutsideText.short(failure.code)
                    " while \(failure.stage)"
                }
                OutsideText.block(failure.message)
            }
        }
    }
}

/// A completion with all that is stored of it: a part of a prompt's page, or what the script puts
/// there.
struct CompletionView: Sendable {
    var run: RunID
    var prompt: PromptID
    var completion: CompletionDetail

    var markup: Markup {
        Markup([
            Markup("h2", [], "Draw \(completion.draw)"), facts,
            OutsideText.block(completion.text), whole, tokens,
        ])
    }

    private static let reasons = [
        "stop": "stop", "length": "max_tokens (truncated)", "other": "another reason",
    ]

    private var facts: Markup {
        func fact(_ name: String, _ value: String?) -> Markup {
            value.map { DashboardPage.fact(name, Markup($0)) } ?? .empty
        }
        return DashboardPage.facts([
            fact("reward", completion.reward.map { NumberLabel.value($0, digits: 6) } ?? "none"),
            fact("quantile reward", completion.quantileReward.map { NumberLabel.decimal($0, 3) }),
            fact(
                "length",
                completion.tokenCount.map { NumberLabel.count(Int($0), "token") }
                    ?? NumberLabel.count(completion.text.characters, "character")),
            fact("ended by", Self.reasons[completion.finishReason] ?? "–"),
            fact("seed", completion.seed.map { "\($0)" }),
            fact("log π_ref", completion.logProbability.map { NumberLabel.decimal($0, 3) }),
            fact(
                "request took",
                completion.milliseconds.map { "\(NumberLabel.value($0 / 1000, digits: 3)) s" }),
            fact("committed", completion.landedAt),
        ])
    }

    private var whole: Markup {
        let isCut =
            completion.text.characters > completion.text.beginning.unicodeScalars.count
        return Markup("p") {
            DashboardPage.link(
                isCut ? "The whole text" : "The text as a file",
                DashboardLink.text(completion.draw, prompt, run))
        }
    }

    private var tokens: Markup {
        TokensChart(
            id: "tokens", completion.tokens,
            count: Int(completion.tokenCount ?? Int32(completion.tokens.count))
        )?.figure.markup ?? .empty
    }
}
