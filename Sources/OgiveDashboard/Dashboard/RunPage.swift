internal import OgiveCore

/// A run: how far it is, how fast it goes, what its rewards look like, what it is made of.
struct RunPage: Sendable {
    var numbers: RunNumbers
    var history: [RunMoment]
    var sample: RunSample
    var failures: [FailureReport]
    var source: ReportSource
    var fleet: FleetStatus
    var siblings: [RunOverview]

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
            NumberLabel.count(run.counts.prompts)
            " prompts of the set "
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
        let report = SampleReport(sample: sample)
        let degenerate = sample.tables.count { $0.isDegenerate }
        var facts = [
            DashboardPage.fact(
                "landed", numbers.markup(.landed),
                "of \(NumberLabel.count(counts.targetDraws)) draws"),
            DashboardPage.fact("pending", numbers.markup(.pending)),
            DashboardPage.fact("draws/s", numbers.markup(.rate), "mean of the last 30 s"),
            DashboardPage.fact("tokens/s", numbers.markup(.tokens), "of completions"),
            DashboardPage.fact("time left", numbers.markup(.left)),
            DashboardPage.fact("failed", numbers.markup(.failures)),
            DashboardPage.fact("truncated", numbers.markup(.truncated)),
            DashboardPage.fact(
                "all-equal tables",
                Markup(NumberLabel.share(degenerate, of: sample.tables.count)),
                sample.isWhole
                    ? nil : "of \(NumberLabel.count(sample.tables.count)) that were looked at"),
            DashboardPage.fact("mean reward", numbers.markup(.mean)),
        ]
        if let deviation = report.tables?.deviationWithin {
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
            for other in siblings {
                " · "
                DashboardPage.link(
                    Markup([Markup("Compare with "), OutsideText.short(other.source.run)]),
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
        let summary = SampleReport(sample: sample)
        report.rewards = summary.rewards
        report.tables = summary.tables
        report.lengths = summary.lengths
        report.failures = failures
        return ReportPage(report, program: "")
    }

    private var distributions: Markup {
        Markup([
            report.distributions,
            sample.isWhole
                ? .empty
                : Markup(
                    "p", [Attribute("class", "note")],
                    "From \(NumberLabel.count(sample.tables.count)) prompts at even distances "
                        + "among all, and \(NumberLabel.count(sample.lengths.count)) of their "
                        + "completions. `ogive report` reads all of them."),
        ])
    }

    private var failed: Markup {
        DashboardPage.section("Failures") {
            if failures.isEmpty {
                Markup("p", [], "Nothing was given up.")
            } else {
                FailuresPage.table(failures).markup("What was given up")
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
                " \(NumberLabel.count(here.count)) workers are there, "
                "\(NumberLabel.count(here.count { $0.state == "active" })) of them active. "
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
                ". Submitted \(source.submittedAt)"
                source.finishedAt.map { ", finished \($0)." } ?? "."
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
