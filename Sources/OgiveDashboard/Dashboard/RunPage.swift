internal import OgiveCore

/// A run: how far it is, how fast it goes, what its rewards look like, what it is made of.
struct RunPage: Sendable {
    var numbers: RunNumbers
    var history: [RunMoment]
    var sample: SampleReport
    var failures: FailureSample
    var source: ReportSource
    var fleet: FleetStatus
    var related: [RelatedRun]

    /// Most runs to compare with that are named here.
    static let relatedMax = 5

    private var run: RunOverview { numbers.run }

    var page: DashboardPage {
        DashboardPage(
            title: run.source.run, events: DashboardLink.events(run.id),
            trail: [],
            body: Markup([
                Markup("h1") {
                    "Run "
                    OutsideText.short(run.source.run)
                }, lede, facts, links, rate, distributions, failed, workers, specification,
                commands,
            ]))
    }

    private var lede: Markup {
        Markup("p", [Attribute("class", "lede")]) {
            Markup("span", [Attribute("class", "state")]) { numbers.markup(.state) }
            " "
            NumberLabel.count(run.counts.prompts, "prompt")
            " of the set "
            OutsideText.short(run.source.promptSet)
            ", sampled from "
            Markup("strong") { OutsideText.short(run.source.policy) }
            ", scored with "
            Markup("strong") { OutsideText.short(run.source.scorer) }
            run.source.isSynthetic
                ? ". SYNTHETIC: completions or rewards come from a declared distribution." : "."
        }
    }

    private var facts: Markup {
        let counts = run.counts
        var facts = [
            DashboardPage.fact(
                "landed", numbers.markup(.landed),
                "of \(NumberLabel.count(counts.targetDraws, "draw"))"),
            DashboardPage.fact("pending", numbers.markup(.pending)),
            DashboardPage.fact("draws/s", numbers.markup(.rate), "mean of the last 30 s"),
            DashboardPage.fact("tokens/s", numbers.markup(.tokens), "of completions"),
            DashboardPage.fact("time left", numbers.markup(.left)),
            DashboardPage.fact("failed", numbers.markup(.failures)),
            DashboardPage.fact("truncated", numbers.markup(.truncated)),
            DashboardPage.fact(
                "all-equal tables",
                Markup(NumberLabel.share(sample.degenerate, of: sample.tableCount)),
                sample.isWhole
                    ? nil : "of \(NumberLabel.count(sample.tableCount)) that were looked at"),
            DashboardPage.fact("mean reward", numbers.markup(.mean)),
        ]
        if let deviation = sample.tables?.deviationWithin {
            facts.append(
                DashboardPage.fact(
                    "spread within a prompt", Markup(NumberLabel.value(deviation, digits: 3)),
                    "standard deviation"))
        }
        if let cost = run.cost {
            facts.append(DashboardPage.fact("cost", Markup(NumberLabel.value(cost, digits: 4))))
        }
        return Markup([
            Markup("p", [Attribute("class", "wide")]) {
                numbers.bar
                " "
                numbers.markup(.share)
            },
            DashboardPage.facts(facts),
        ])
    }

    private var links: Markup {
        Markup("p") {
            DashboardPage.link("Prompts and their curves", DashboardLink.prompts(run.id))
            " · "
            DashboardPage.link("Failures", DashboardLink.failures(run.id))
            " · "
            DashboardPage.link("Comparisons", DashboardLink.comparisons(run.id))
            for other in related.prefix(Self.relatedMax) {
                " · "
                DashboardPage.link(
                    Markup([Markup("Compare with "), OutsideText.short(other.name)]),
                    DashboardLink.comparison(run.id, with: other.id))
            }
        }
    }

    private var rate: Markup {
        DashboardPage.section("Rate") {
            if let chart = RateChart(id: "rate", history) {
                chart.figure.markup
            } else {
                Markup(
                    "p", [],
                    "Too few moments yet: the coordinator that leads records the counters each "
                        + "minute while the run is open.")
            }
        }
    }

    private var report: ReportPage {
        var report = RunReport(source: source, counts: run.counts)
        report.rewards = sample.rewards
        report.tables = sample.tables
        report.lengths = sample.lengths
        report.failures = failures.groups
        return ReportPage(report, program: "")
    }

    private var distributions: Markup {
        if sample.isEmpty, run.counts.landed > 0 {
            return DashboardPage.section("Distributions") {
                Markup("p") {
                    Markup.words(
                        NumberLabel.count(run.counts.landed, "draw", "has", "have")
                            + " a reward. None of them was found in the tables that this page "
                            + "looked at,\(Self.moment(sample)): load it again.")
                }
            }
        }
        return Markup([report.distributions, origin])
    }

    /// What the charts show, and of when it is.
    private var origin: Markup {
        if sample.isEmpty {
            return Markup("p", [Attribute("class", "note")]) {
                Markup.words(
                    "That is so\(Self.moment(sample)): load this page again to see what came "
                        + "since.")
            }
        }
        var text =
            sample.isWhole
            ? "From the rewards of all prompts"
            : "From \(NumberLabel.count(sample.tableCount, "prompt")) at even distances among all, "
                + "and \(NumberLabel.count(sample.lengthCount, "completion")) of these"
        text += ",\(Self.moment(sample))."
        if !sample.isWhole { text += " `ogive report` reads all of them." }
        return Markup("p", [Attribute("class", "note")]) { Markup.words(text) }
    }

    private static func moment(_ sample: SampleReport) -> String {
        sample.readAt.isEmpty ? "" : " as of \(sample.readAt)"
    }

    private var failed: Markup {
        DashboardPage.section("Failures") {
            if failures.groups.isEmpty {
                Markup("p", [], "Nothing was given up.")
            } else {
                FailuresPage.table(failures.groups).markup("What was given up")
                FailuresPage.part(failures)
                Markup("p") {
                    DashboardPage.link(
                        "Texts, and the command that has them tried again",
                        DashboardLink.failures(run.id))
                }
            }
        }
    }

    private var workers: Markup {
        let here = fleet.workers.filter { !["left", "lost"].contains($0.state) }
        return DashboardPage.section("Fleet") {
            Markup("p") {
                FleetPage.leader(fleet)
                " \(NumberLabel.count(here.count, "worker", "is", "are")) there, "
                "\(NumberLabel.count(here.count { $0.state == "active" })) active. "
                DashboardPage.link("The fleet", DashboardLink.fleet)
            }
        }
    }

    private var specification: Markup {
        Markup([
            report.source,
            Markup("p") {
                "Sampling "
                Markup("span", [Attribute("class", "digest")], source.samplingSHA256)
                ", scoring "
                Markup("span", [Attribute("class", "digest")], source.scoringSHA256)
                Markup.words(
                    ". Submitted \(source.submittedAt)"
                        + (source.finishedAt.map { ", finished \($0)." } ?? "."))
            },
        ])
    }

    private var commands: Markup {
        let name = run.source.run
        let lines =
            ["ogive status", "ogive wait", "ogive failures list", "ogive audit"].map {
                ShellWord.command($0, on: name)
            } + [
                ShellWord.command("ogive report", on: name, "--output report.html"),
                ShellWord.command("ogive snapshot", on: name) + " NAME",
                ShellWord.command("ogive export", on: name, "--help"),
            ]
        return DashboardPage.section("Commands") {
            Markup(
                "p", [], "Where the configuration with this database is, or with --config CONFIG:")
            Markup("pre") {
                for line in lines {
                    OutsideText.line(line)
                    "\n"
                }
            }
        }
    }
}
