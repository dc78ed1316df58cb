internal import OgiveCore
internal import OgiveStore

/// Gives stored draws back to the model server and compares its log-probabilities with those that
/// are stored.
struct LogProbabilityCheck {
    /// A draw that was compared.
    struct Compared: Sendable {
        /// The draw with what is stored.
        var stored: StoredLogProbability
        /// What the server says now.
        var sum: Double

        /// Nats for each token that it says more than what is stored.
        var difference: Double { (sum - stored.sum) / Double(stored.tokenCount) }
    }

    /// What came of it.
    struct Report: Sendable {
        /// The run.
        var run: String
        /// The most nats for each token that a draw may differ by.
        var tolerance: Double
        /// Draws that were compared, those that differ most first.
        var compared: [Compared] = []
        /// Draws whose text the server reads as another number of tokens than were sampled.
        var retokenised = 0
        /// Draws that the server refused.
        var refused = 0
        /// Why it refused the first of them.
        var refusal: String?
        /// What the server says of itself and said otherwise when the draws were sampled.
        var differences: [String] = []

        /// Draws that differ by more than the tolerance.
        var beyond: Int { compared.count { abs($0.difference) > tolerance } }
        /// Whether something was compared, and all of it agrees.
        var agrees: Bool { !compared.isEmpty && beyond == 0 }
        /// The largest difference for each token; `nil` when nothing was compared.
        var largest: Double? { compared.first.map { abs($0.difference) } }
        /// The mean difference for each token; `nil` when nothing was compared.
        var mean: Double? {
            compared.isEmpty
                ? nil : compared.reduce(0) { $0 + $1.difference } / Double(compared.count)
        }
    }

    /// The policy as served now.
    var policy: any Policy
    /// What is stored.
    var draws: [StoredLogProbability]

    /// Asks for the draws of one prompt at a time. Throws when the server is gone, or cannot give
    /// the log-probability of a text.
    func compare(
        of run: RunDescription, tolerance: Double
    ) async throws -> Report {
        var report = Report(run: run.spec.name, tolerance: tolerance)
        let served = try await policy.fingerprint()
        report.differences = run.policyFingerprint?.differences(from: served) ?? []
        if let obstacle = try await policy.logProbabilityObstacle() {
            throw CommandError(.incomplete, obstacle)
        }
        for group in Self.byPrompt(draws) {
            let answers = await policy.logProbabilities(
                LogProbabilityRequest(prompt: group[0].prompt, completions: group.map(\.text)))
            for (stored, answer) in zip(group, answers) {
                switch answer {
                case .success(let given) where given.tokenCount == stored.tokenCount:
                    report.compared.append(Compared(stored: stored, sum: given.sum))
                case .success: report.retokenised += 1
                case .failure(let error) where error.concernsEndpoint || error.isServerGone:
                    throw error
                case .failure(let error):
                    report.refused += 1
                    report.refusal = report.refusal ?? error.message
                }
            }
        }
        report.compared.sort { abs($0.difference) > abs($1.difference) }
        return report
    }

    private static func byPrompt(_ draws: [StoredLogProbability]) -> [[StoredLogProbability]] {
        var groups: [[StoredLogProbability]] = []
        for draw in draws {
            if groups.last?.first?.prompt.id == draw.prompt.id {
                groups[groups.count - 1].append(draw)
            } else {
                groups.append([draw])
            }
        }
        return groups
    }
}

extension LogProbabilityCheck.Report {
    /// For a person, with the `most` draws that differ most.
    func lines(most: Int, width: Int) -> [String] {
        var lines = differences.map { "the server has changed since the draws: \($0)" }
        guard let largest, let mean else {
            lines.append("run '\(run)': no draw could be compared" + others)
            return lines
        }
        lines.append(
            "run '\(run)': \(NumberText.count(compared.count, "draw")) compared, "
                + "\(NumberText.count(beyond)) beyond the tolerance of \(tolerance) nats a token"
                + others)
        lines.append("  largest difference \(largest) nats a token, mean \(mean)")
        var table = TextTable(
            ["nats a token", "stored", "now", "tokens", "draw", "prompt"],
            [.right, .right, .right, .right, .right])
        for compared in compared.prefix(most) where compared.difference != 0 {
            table.add([
                NumberText.decimal(compared.difference, 6),
                NumberText.decimal(compared.stored.sum, 4),
                NumberText.decimal(compared.sum, 4), "\(compared.stored.tokenCount)",
                "\(compared.stored.draw)", compared.stored.prompt.key,
            ])
        }
        if most > 0, largest > 0 { lines += [""] + table.lines(width: width) }
        return lines
    }

    private var others: String {
        var parts: [String] = []
        if retokenised > 0 {
            parts.append(
                "\(NumberText.count(retokenised)) left out whose text has another number of "
                    + "tokens than was sampled")
        }
        if refused > 0 {
            parts.append("\(NumberText.count(refused)) refused (\(refusal ?? ""))")
        }
        return parts.isEmpty ? "" : "; " + parts.joined(separator: "; ")
    }

    /// For a script.
    func json(most: Int) -> ExactJSON {
        func number(_ value: Double?) -> ExactJSON { value.map { .number("\($0)") } ?? .null }
        return .output([
            "run": .string(run), "agrees": .bool(agrees), "tolerance": number(tolerance),
            "compared": .number("\(compared.count)"), "beyond": .number("\(beyond)"),
            "largest_difference": number(largest), "mean_difference": number(mean),
            "other_token_counts": .number("\(retokenised)"), "refused": .number("\(refused)"),
            "refusal": refusal.map(ExactJSON.string) ?? .null,
            "fingerprint_differences": .array(differences.map(ExactJSON.string)),
            "draws": .array(
                compared.prefix(most).map { compared in
                    .object([
                        "prompt": .string(compared.stored.prompt.key),
                        "draw_index": .number("\(compared.stored.draw)"),
                        "token_count": .number("\(compared.stored.tokenCount)"),
                        "stored": number(compared.stored.sum), "now": number(compared.sum),
                    ])
                }),
        ])
    }
}
