package import OgiveCore

/// The report of a run: one page that needs nothing else, for a paper's appendix or a review.
package struct ReportPage: Hashable, Sendable {
    /// What it is about.
    package let report: RunReport
    /// Version of the program that made it.
    let program: String

    /// A page of what `report` knows.
    package init(_ report: RunReport, program: String) {
        self.report = report
        self.program = program
    }

    /// The page as a file.
    package var document: String {
        Page(title: "Ogive report: \(report.source.run)", body: body).document
    }

    private var body: Markup {
        Markup([
            header, glance, counts, distributions, failures, precision, degenerate, candidates,
            examples, slots, source, certificate,
        ])
    }

    private var header: Markup {
        let (source, counts) = (report.source, report.counts)
        return Markup([
            Markup("h1") {
                "Run "
                OutsideText.line(source.run)
            },
            Markup("p", [Attribute("class", "lede")]) {
                source.isAdopted ? "Ogive adopted from a file " : "Ogive sampled "
                NumberLabel.count(counts.sampled, "reference completion")
                " of "
                NumberLabel.count(counts.prompts, "prompt")
                " (set "
                OutsideText.line(source.promptSet)
                source.isAdopted ? "), said to be of " : ") from "
                Markup("strong") { OutsideText.line(source.policy) }
                source.isAdopted ? ", with rewards of " : " and scored them with "
                Markup("strong") { OutsideText.line(source.scorer) }
                ". The rewards of a prompt's completions are its empirical distribution under the "
                "reference policy; the quantile reward of a completion is the share of them that "
                "is at most as high."
            },
            warnings,
        ])
    }

    /// What a reader must not overlook.
    private var warnings: Markup {
        var texts: [String] = []
        if report.source.isSynthetic {
            texts.append(
                "SYNTHETIC: completions or rewards come from a declared distribution, not from a "
                    + "model.")
        }
        if report.source.isAdopted {
            texts.append(
                "ADOPTED: the completions came in a file. Nothing proves who sampled them, and "
                    + "how: they have no seeds, and their policy has no fingerprint.")
        }
        switch report.source.state {
        case "open":
            texts.append(
                "The run is not finished: "
                    + NumberLabel.count(report.counts.pending, "draw", "is", "are")
                    + " pending, and this page is of the moment when it was made.")
        case "cancelled": texts.append("The run was cancelled before it was done.")
        case "budget": texts.append("The run stopped because its budget was spent.")
        default: break
        }
        if let audit = report.audit, !audit.isConsistent {
            texts.append(
                "The audit found contradictions (\(NumberLabel.count(audit.problemCount))): the "
                    + "numbers below may be wrong. The section Certificate lists them.")
        }
        return Markup(texts.map { Markup("p", [Attribute("class", "warning")], $0) })
    }

    /// The numbers that a review asks for first.
    private var glance: Markup {
        let counts = report.counts
        var facts: [Markup] = [
            fact("audit", verdict, report.audit == nil ? "needs the role ogive_writer" : nil),
            fact(
                "draws with a reward", NumberLabel.count(counts.landed),
                "of \(NumberLabel.count(counts.targetDraws)) asked for"),
            fact(
                "failed", NumberLabel.share(counts.failures, of: counts.targetDraws),
                NumberLabel.count(counts.failures, "draw")),
            fact(
                "truncated", NumberLabel.share(counts.truncated, of: counts.sampled),
                NumberLabel.count(counts.truncated, "draw")),
        ]
        if let tables = report.tables {
            facts.append(
                fact(
                    "complete tables", NumberLabel.count(tables.complete),
                    "of \(NumberLabel.count(counts.prompts, "prompt"))"))
            facts.append(
                fact(
                    "all-equal tables", NumberLabel.share(tables.degenerate, of: tables.count),
                    NumberLabel.count(tables.degenerate, "prompt")))
            facts.append(
                fact("effective n", NumberLabel.value(tables.effective, digits: 3), "mean"))
        }
        if let rewards = report.rewards {
            facts.append(
                fact(
                    "mean reward", NumberLabel.value(rewards.mean, digits: 3),
                    rewards.deviation.map { "± \(NumberLabel.value($0, digits: 3)) (s.d.)" }))
        }
        if !report.slotTime.isEmpty {
            facts.append(
                fact(
                    "slots busy",
                    NumberLabel.share(report.slotTime.busy(), of: report.slotTime.total()),
                    "of the time of all workers' slots"))
        }
        return Markup("dl", [Attribute("class", "facts")]) { Markup(facts) }
    }

    /// What the audit says, in a word or two.
    package var verdict: String {
        guard let audit = report.audit else { return "not made" }
        if audit.isSound { return "sound" }
        return audit.isConsistent && report.source.state == "open" ? "not finished" : "NOT sound"
    }

    private func fact(_ name: String, _ value: String, _ note: String?) -> Markup {
        Markup("div") {
            Markup("dt", [], name)
            Markup("dd") {
                value
                if let note { Markup("small", [], note) }
            }
        }
    }

    /// A section with its heading.
    func section(_ title: String, @MarkupBuilder _ content: () -> Markup) -> Markup {
        Markup("section") {
            Markup("h2", [], title)
            content()
        }
    }

    /// A paragraph of this program's words.
    func paragraph(_ text: String) -> Markup { Markup("p", [], text) }
}

extension TableReport {
    /// The mean of all tables' effective numbers of rewards.
    var effective: Double {
        sizes.reduce(0) { $0 + $1.effective * Double($1.tables) / Double(max(1, count)) }
    }
}
