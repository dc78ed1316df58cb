internal import OgiveCore

/// What was given up, what came with the prompts, examples, and the certificate.
extension ReportPage {
    var failures: Markup {
        section("Truncation and failures") {
            if let lengths = report.lengths { endings(lengths) }
            if report.failures.isEmpty {
                paragraph("No draw and no candidate was given up.")
            } else {
                failureTable
            }
        }
    }

    private func endings(_ lengths: LengthReport) -> Markup {
        let total = lengths.endings.reduce(0) { $0 + $1.count }
        var table = DataTable(.text("ended by"), .number("draws"), .number("share"))
        for ending in lengths.endings {
            table.add(
                Self.reasons[ending.reason] ?? ending.reason, NumberLabel.count(ending.count),
                NumberLabel.share(ending.count, of: total))
        }
        return Markup([
            paragraph(
                "A completion that max_tokens cut off is kept, scored and flagged: dropping it "
                    + "would bias the distribution."),
            table.markup("How completions ended"),
        ])
    }

    private static let reasons = [
        "stop": "the end token or a stop text", "length": "max_tokens (truncated)",
        "other": "another reason of the server",
    ]

    /// What was given up, with the first ones of each kind.
    var failureTable: Markup {
        var table = DataTable(
            .text("code"), .text("stage"), .number("items"), .number("prompts"))
        for failure in report.failures {
            table.add([
                OutsideText.line(failure.code), Markup(failure.stage),
                Markup(NumberLabel.count(failure.count)),
                Markup(NumberLabel.count(failure.prompts)),
            ])
        }
        if let further = FailuresPage.further(report.failures) {
            table.add([.words(further), .empty, .empty, .empty])
        }
        return Markup([
            table.markup("What was given up"),
            Markup(
                report.failures.map { failure in
                    Markup("section") {
                        Markup("h3") {
                            OutsideText.line(failure.code)
                            " while \(failure.stage), the first ones"
                        }
                        for example in failure.examples {
                            Markup("h4") {
                                "Prompt "
                                OutsideText.line(example.promptKey)
                                ", \(example.kind) \(example.index)"
                            }
                            OutsideText.block(example.message)
                        }
                    }
                }),
        ])
    }

    var candidates: Markup {
        guard !report.candidates.isEmpty else { return .empty }
        var table = DataTable(
            .text("label"), .number("candidates"), .number("with a reward"),
            .number("mean reward"), .number("mean quantile reward"), .text("quartiles of it"))
        for candidate in report.candidates {
            table.add([
                OutsideText.line(candidate.label), Markup(NumberLabel.count(candidate.count)),
                Markup(NumberLabel.count(candidate.rewards)),
                Markup(candidate.meanReward.map { NumberLabel.value($0) } ?? "–"),
                Markup(candidate.meanQuantileReward.map { NumberLabel.decimal($0, 3) } ?? "–"),
                Markup(
                    candidate.quartiles.map { NumberLabel.decimal($0, 2) }
                        .joined(separator: " · ")),
            ])
        }
        return section("Candidates") {
            paragraph(
                "Completions that came with the prompts, in the distribution of their prompt's "
                    + "reference draws. Those of the reference policy itself would have the mean "
                    + "½ and the quartiles ¼, ½ and ¾, but for ties.")
            table.markup("Candidates by label")
        }
    }

    var examples: Markup {
        guard !report.examples.isEmpty else { return .empty }
        return section("Examples") {
            paragraph(
                "Prompts at chosen shares of all prompts, ordered by the mean of their rewards: "
                    + "nobody picked them by hand.")
            Markup(report.examples.enumerated().map { example($0.element, number: $0.offset + 1) })
        }
    }

    private func example(_ example: ExamplePrompt, number: Int) -> Markup {
        Markup("section", [Attribute("class", "example")]) {
            Markup("h3") {
                "At \(NumberLabel.value(example.share * 100, digits: 3)) %: prompt "
                OutsideText.line(example.key)
                " (#\(example.id.rawValue))"
            }
            if example.rewards.count < example.target {
                paragraph(
                    "Its table is not complete: \(NumberLabel.count(example.rewards.count)) of "
                        + NumberLabel.count(example.target, "draw", "has", "have")
                        + " a reward.")
            }
            Markup("div", [Attribute("class", "charts")]) {
                if let chart = CurveChart(id: "example-\(number)", example) {
                    chart.figure.markup
                }
                Markup("div") {
                    Markup("h4", [], "Prompt")
                    OutsideText.block(example.content)
                    for draw in example.draws {
                        if let text = draw.text {
                            Markup("h4", [], Self.heading(draw))
                            OutsideText.block(text)
                        }
                    }
                }
            }
            candidates(example)
        }
    }

    private func candidates(_ example: ExamplePrompt) -> Markup {
        guard !example.candidates.isEmpty else { return .empty }
        return Markup("details") {
            Markup("summary", [], "Candidates of this prompt")
            for candidate in example.candidates {
                Markup("h4") {
                    OutsideText.line(candidate.label)
                    ": reward \(NumberLabel.value(candidate.reward))"
                }
                OutsideText.block(candidate.text)
            }
        }
    }

    private static func heading(_ draw: ExamplePrompt.Draw) -> String {
        var facts = ["Draw \(draw.index): reward \(NumberLabel.value(draw.reward))"]
        if let tokens = draw.tokens { facts.append(NumberLabel.count(Int(tokens), "token")) }
        if draw.isTruncated { facts.append("truncated") }
        if let seed = draw.seed { facts.append("seed \(seed)") }
        return facts.joined(separator: ", ")
    }

    var certificate: Markup {
        section("Certificate") {
            auditText
            digests.markup("Digests, times and versions")
            snapshots
        }
    }

    private var auditText: Markup {
        guard let audit = report.audit else {
            return paragraph(
                "No audit was made: the login that made this report may read the views only. "
                    + "`ogive audit` with a login that has the role ogive_writer proves the counts "
                    + "from the rows.")
        }
        return Markup([
            paragraph(
                "Audit of the rows, in the same snapshot of the database as the numbers above: "
                    + "\(verdict). \(NumberLabel.count(audit.landed, "draw", "has", "have")) "
                    + "completion and reward, "
                    + NumberLabel.count(audit.failed, "draw", "has", "have")
                    + " a failure that says why not, "
                    + NumberLabel.count(audit.pending, "item", "is", "are")
                    + " pending; \(NumberLabel.count(audit.problemCount, "contradiction"))."),
            Markup(audit.problems.isEmpty ? "" : "Contradictions, the first ones:"),
            Markup("ul") {
                for problem in audit.problems { Markup("li") { OutsideText.line(problem) } }
            },
        ])
    }

    private var digests: DataTable {
        let (source, counts) = (report.source, report.counts)
        var table = DataTable(.text("what"), .text("value"))
        func add(_ name: String, _ value: String?) {
            guard let value else { return }
            table.add([
                Markup(name),
                Markup("span", [Attribute("class", "digest")]) {
                    OutsideText.line(value)
                },
            ])
        }
        add("run", source.run)
        add("state", source.state)
        add("sampling, SHA-256 of its specification", source.samplingSHA256)
        add("scoring, SHA-256 of its specification", source.scoringSHA256)
        add("submitted", source.submittedAt)
        add("first completion committed", report.lengths?.firstLandedAt)
        add("last completion committed", report.lengths?.lastLandedAt)
        add("finished", source.finishedAt)
        add(
            "seeds",
            "draw i of a prompt: base + i, with base from SHA-256(sampling ‖ prompt key); "
                + "sent for \(NumberLabel.count(report.lengths?.seeded ?? 0)) of "
                + NumberLabel.count(counts.sampled, "draw"))
        add("truncated", NumberLabel.share(counts.truncated, of: counts.sampled))
        add("failed", NumberLabel.share(counts.failures, of: counts.targetDraws))
        add("effective n, mean", report.tables.map { NumberLabel.value($0.effective) })
        add("report made", source.madeAt)
        add(
            "made by",
            "ogive \(program), schema \(source.schemaVersion), PostgreSQL \(source.serverVersion)")
        return table
    }

    private var snapshots: Markup {
        guard !report.source.snapshots.isEmpty else {
            return paragraph(
                "The run has no snapshot: later work may change what it holds. `ogive snapshot RUN "
                    + "NAME` pins a version with a checksum of all texts and rewards.")
        }
        var table = DataTable(.text("snapshot"), .text("made"), .text("SHA-256"))
        for snapshot in report.source.snapshots {
            table.add([
                Markup([
                    OutsideText.line(snapshot.name),
                    Markup(snapshot.isComplete ? "" : " (incomplete)"),
                ]),
                Markup(snapshot.madeAt),
                Markup("span", [Attribute("class", "digest")], snapshot.sha256),
            ])
        }
        return table.markup("Snapshots: versions that nothing changes any more")
    }
}
