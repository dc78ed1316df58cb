internal import Glibc
internal import OgiveCore
internal import OgiveStore

/// Adopts the completions, and the rewards, of one file.
struct AdoptJob {
    /// The file.
    let path: String
    /// How rows are read.
    let rules: ImportRules
    /// What becomes of them.
    let adoption: Adoption

    /// Rows handed to the database at once.
    private static let batch = 200

    /// Reads the file to its end. Throws `.input` with the bad rows when there are any: nothing is
    /// adopted then, because a completion that is left out changes its prompt's table.
    func run(_ store: PostgresStore) async throws -> Outcome {
        var bad = BadRowReport()
        var notes = ImportNoteReport()
        var progress = ImportProgress(path: path)
        let receipt = try await store.adopt(adoption) { importer in
            var good = 0
            let digest = try await RowFile(path: path, rules: rules).forEachBatch(of: Self.batch) {
                rows, share in
                var prompts: [ImportedPrompt] = []
                var lines: [Int] = []
                for row in rows {
                    switch row {
                    case .prompt(let line, let prompt, let more):
                        prompts.append(prompt)
                        lines.append(line)
                        notes.add(more, line: line)
                    case .bad(let row, _): bad.add(row)
                    }
                }
                good += prompts.count
                // After a bad row nothing will be kept; the rest is read for its other bad rows.
                if bad.count == 0 { try await importer.add(prompts, lines: lines) }
                progress.update(rows: rows.count, fraction: share)
                return good > 0 || bad.count < ImportJob.hopelessRows
            }
            progress.finish()
            guard bad.count == 0, let digest else { throw refusal(bad) }
            return digest
        }
        Output.show(notes.lines, on: STDERR_FILENO)
        return Outcome(
            receipt: receipt, set: adoption.promptSet, notes: notes, way: rules.way)
    }

    private func refusal(_ bad: BadRowReport) -> CommandError {
        let rows = bad.lines.joined(separator: "\n  ")
        return CommandError(
            .input,
            "nothing was adopted: \(path) has bad rows\n  \(rows)\n"
                + "Fix the file, or say in the configuration how it is to be read.")
    }
}

extension AdoptJob {
    /// What came of an adoption.
    struct Outcome: Sendable {
        /// What the database says.
        var receipt: AdoptionReceipt
        /// The prompt set.
        var set: String
        /// What the user is told of the rows.
        var notes: ImportNoteReport
        /// How the user names another set.
        var way: ImportRules.Way

        /// The counts for a script.
        var json: ExactJSON {
            .output([
                "run": .string(receipt.run), "outcome": .string(receipt.outcome.rawValue),
                "adopted": .bool(true), "sha256": .string(receipt.sha256),
                "prompt_set": .string(set), "prompts": .number("\(receipt.prompts)"),
                "draws": .number("\(receipt.draws)"),
                "new_prompts": .number("\(receipt.imported?.imported ?? 0)"),
                "uneven_prompts": .number("\(receipt.unevenPrompts)"),
                "completions": .number("\(receipt.completions)"),
                "rewards": .number("\(receipt.rewards)"),
                "failures": .number("\(receipt.failures)"),
                "other_rewards": .number("\(receipt.otherRewards)"), "notes": notes.json,
            ])
        }

        /// The counts for a person.
        var lines: [String] {
            var lines: [String] = []
            if let imported = receipt.imported {
                let job = ImportJob.Outcome(
                    receipt: imported, skipped: 0, sideFile: nil, notes: notes, way: way)
                lines.append(job.text(set: set))
            }
            let extent =
                "\(NumberText.count(receipt.prompts, "prompt")) × "
                + NumberText.count(Int(receipt.draws), "draw")
            guard receipt.outcome != .unchanged else {
                return ["run '\(receipt.run)' (\(extent)) has adopted this file already"]
            }
            lines.append(
                "run '\(receipt.run)': \(receipt.outcome.rawValue), \(extent); "
                    + "\(NumberText.count(receipt.completions, "completion")) and "
                    + NumberText.count(receipt.rewards, "reward", "is", "are") + " new, "
                    + "\(NumberText.count(receipt.failures, "failure"))")
            lines.append(
                "ADOPTED: nothing proves who sampled them, or how; the file's SHA-256 is "
                    + receipt.sha256)
            lines += remarks
            return lines
        }

        /// What the user may have to do.
        private var remarks: [String] {
            var lines: [String] = []
            if receipt.unevenPrompts > 0 {
                lines.append(
                    NumberText.count(receipt.unevenPrompts, "prompt", "has", "have")
                        + " fewer completions: "
                        + "each missing one is a failure (`ogive failures list \(receipt.run)`)")
            }
            if receipt.otherRewards > 0 {
                lines.append(
                    NumberText.count(receipt.otherRewards, "draw", "has", "have")
                        + " not the reward of the "
                        + "file: an equal text of their prompt came first with another one, and a "
                        + "text has one reward")
            }
            if receipt.rewards == 0, receipt.completions > 0 {
                lines.append(
                    "the file has no rewards: `ogive rescore \(receipt.run) --scorer FILE` lets a "
                        + "scorer give them")
            }
            return lines
        }
    }
}
