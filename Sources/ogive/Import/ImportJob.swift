internal import Glibc
internal import OgiveCore
internal import OgiveStore

/// Imports one file into one prompt set.
struct ImportJob {
    /// The file; `-` is standard input.
    var path: String
    /// The prompt set.
    var set: String
    /// How rows are read.
    var rules = ImportRules()
    /// Whether bad rows are left out, instead of nothing being imported.
    var skipBadRows = false
    /// What rewards depend on, and must not differ from what the set has.
    var metadataUse = MetadataUse.none

    /// Rows handed to the database at once.
    private static let batch = 4000
    /// After so many bad rows without a good one the file is read no further.
    static let hopelessRows = 1000

    /// What reading found.
    private struct Findings {
        var bad = BadRowReport()
        var notes = ImportNoteReport()
        var good = 0
        var isCutShort = false
    }

    /// Reads the file to its end. Throws `.input` with the bad rows when there are any and they
    /// may not be skipped; then nothing is imported.
    func run(_ store: PostgresStore) async throws -> Outcome {
        var found = Findings()
        let sideFile = BadRowFile.path(for: path)
        let receipt = try await store.importPrompts(into: set, for: metadataUse) { importer in
            found = try await feed(importer, sideFile: sideFile)
            try refuseBadRows(found)
        }
        let lines = found.bad.lines + found.notes.lines
        Output.show(lines, on: STDERR_FILENO)
        let skipped = found.bad.count
        return Outcome(
            receipt: receipt, skipped: skipped, sideFile: skipped > 0 ? sideFile : nil,
            notes: found.notes, way: rules.way)
    }

    private func refuseBadRows(_ found: Findings) throws(CommandError) {
        let count = found.bad.count
        guard count > 0, !skipBadRows || found.good == 0 else { return }
        let rows = found.bad.lines.joined(separator: "\n  ")
        let which =
            found.good > 0
            ? count == 1
                ? "a row of \(path) is bad" : "\(NumberText.count(count, "row")) of \(path) are bad"
            : found.isCutShort
                ? "the first \(NumberText.count(count, "row")) of \(path) are all bad, and it was "
                    + "read no further"
                : count == 1 ? "the only row of \(path) is bad" : "all rows of \(path) are bad"
        // Many messages say what to write into the configuration.
        let isMapped = rows.contains("`prompts: {")
        let advice =
            found.good > 0
            ? (isMapped
                ? "Write that into the configuration, fix them, or " : "Fix them, or ")
                + "\(rules.way.skipsBadRows) to import the others."
            : isMapped
                ? "Write that into the configuration, or fix the file." : "Fix the file."
        throw CommandError(.input, "nothing was imported: \(which)\n  \(rows)\n\(advice)")
    }

    private func feed(_ importer: PromptImporter, sideFile: String) async throws -> Findings {
        var found = Findings()
        var bad = BadRowFile(path: sideFile)
        var progress = ImportProgress(path: path)
        try await RowFile(path: path, rules: rules).forEachBatch(of: Self.batch) { rows, share in
            var prompts: [ImportedPrompt] = []
            var lines: [Int] = []
            for row in rows {
                switch row {
                case .prompt(let line, let prompt, let notes):
                    prompts.append(prompt)
                    lines.append(line)
                    found.notes.add(notes, line: line)
                    found.good += 1
                case .bad(let row, let raw):
                    found.bad.add(row)
                    if skipBadRows { try bad.add(row, raw: raw) }
                    found.isCutShort = found.good == 0 && found.bad.count >= Self.hopelessRows
                }
                if found.isCutShort { break }
            }
            // After a bad row nothing will be kept; the rest is read for its other bad rows.
            if found.bad.count == 0 || skipBadRows {
                try await importer.add(prompts, lines: lines)
            }
            progress.update(rows: rows.count, fraction: share)
            return !found.isCutShort
        }
        progress.finish()
        try bad.flush()
        return found
    }
}

extension ImportJob {
    /// What came of an import.
    struct Outcome: Sendable {
        /// What the database says.
        var receipt: ImportReceipt
        /// Rows that were left out.
        var skipped: Int
        /// Where they were written.
        var sideFile: String?
        /// What the user is told of the rows.
        var notes: ImportNoteReport
        /// How the user names another set.
        var way: ImportRules.Way

        /// The counts for a script.
        var json: ExactJSON {
            .output([
                "imported": .number("\(receipt.imported)"),
                "candidates": .number("\(receipt.candidates)"),
                "duplicates": .number("\(receipt.duplicates)"),
                "other_metadata": .number("\(receipt.otherMetadata)"),
                "other_metadata_fields": .array(receipt.metadataDifferences.map(\.json)),
                "other_candidates": .number("\(receipt.otherCandidates?.count ?? 0)"),
                "other_candidate_metadata":
                    .number("\(receipt.otherCandidateMetadata?.count ?? 0)"),
                "skipped": .number("\(skipped)"),
                "prompts_in_set": .number("\(receipt.promptsInSet)"),
                "notes": notes.json,
                "bad_rows_file": sideFile.map(ExactJSON.string) ?? .null,
            ])
        }

        /// The counts for a person.
        func text(set: String) -> String {
            let counts = "prompt set '\(set)': " + self.counts.joined(separator: ", ")
            return PromptText.shortening(([counts] + differences).joined(separator: "; "))
        }

        private var counts: [String] {
            var parts = ["\(NumberText.count(receipt.imported, "prompt")) imported"]
            if receipt.candidates > 0 {
                parts.append(NumberText.count(receipt.candidates, "candidate"))
            }
            let there = receipt.promptsThere
            if there > 0 {
                parts.append(
                    "\(NumberText.count(there)) \(there == 1 ? "was" : "were") there already")
            }
            let repeats = receipt.repeats
            if repeats > 0 {
                parts.append(
                    NumberText.count(repeats, "row") + (repeats == 1 ? " repeats" : " repeat")
                        + " a prompt of the file")
            }
            if let last = parts.indices.last, receipt.imported > 0, there + repeats > 0 {
                let examples = receipt.duplicateExamples.prefix(3).joined(separator: ", ")
                parts[last] += " (\(examples)\(there + repeats > 3 ? " …" : ""))"
            }
            if skipped > 0 {
                let file = sideFile.map { " (see \($0))" } ?? ""
                parts.append("\(NumberText.count(skipped, "bad row")) left out\(file)")
            }
            return parts
        }

        /// What stays as it was, although the file has it otherwise, and what follows.
        private var differences: [String] {
            var parts: [String] = []
            if let other = receipt.otherCandidates {
                parts.append(
                    "\(NumberText.count(other.count, "prompt")) "
                        + (other.count == 1 ? "has" : "have")
                        + " candidates or pairs that the file has no more (first key "
                        + "'\(other.firstKey)'): they stay, are scored and exported beside those "
                        + "of the file")
            }
            if let other = receipt.otherCandidateMetadata {
                parts.append(
                    "\(NumberText.count(other.count, "candidate")) "
                        + (other.count == 1 ? "has" : "have")
                        + " other metadata than stored (first key '\(other.firstKey)'), which stay")
            }
            if receipt.otherMetadata > 0 {
                let fields = receipt.metadataDifferences.map {
                    "`\($0.field)` of key '\($0.firstKey)'"
                }
                let more = fields.count > 2 ? ", …" : ""
                parts.append(
                    NumberText.count(receipt.otherMetadata, "row")
                        + (receipt.otherMetadata == 1 ? " has" : " have")
                        + " other metadata than the first one of their key, which stay and are "
                        + "what scorers read (\(fields.prefix(2).joined(separator: ", "))\(more))")
            }
            if !parts.isEmpty {
                parts.append("another set (\(way.namesSet)) takes the file as it is")
            }
            if receipt.promptsInSet > receipt.promptsInFile {
                parts.append(
                    "the set has \(NumberText.count(receipt.promptsInSet, "prompt")), the file "
                        + "\(NumberText.count(receipt.promptsInFile)): a run takes all of the set; "
                        + "another name (\(way.namesSet)) makes another set")
            }
            return parts
        }
    }
}

extension MetadataDifference {
    /// For a script.
    fileprivate var json: ExactJSON {
        .object([
            "field": .string(field), "rows": .number("\(rows)"), "first_key": .string(firstKey),
        ])
    }
}

/// Shows on a terminal how far an import is, once it takes more than two seconds.
struct ImportProgress {
    private let path: String
    private let style: TerminalStyle
    private let begun = ContinuousClock.now
    private var rows = 0
    private var shownAt: ContinuousClock.Instant?

    /// Names the file.
    init(path: String) {
        self.path = path
        style = TerminalStyle(descriptor: STDERR_FILENO, environment: Environment.current)
    }

    /// Counts rows, and shows the state now and then.
    mutating func update(rows: Int, fraction: Double?) {
        self.rows += rows
        let now = ContinuousClock.now
        guard style.isTerminal, now - begun > .seconds(2),
            shownAt.map({ now - $0 > .milliseconds(200) }) ?? true
        else { return }
        shownAt = now
        var text = "importing \(Printable.line(path)): \(NumberText.count(self.rows, "row"))"
        if let fraction, fraction > 0 {
            let left = (now - begun) * ((1 - fraction) / fraction)
            text += " · \(NumberText.decimal(fraction * 100, 0)) % · ETA \(NumberText.time(left))"
        }
        Output.show(progress: style.clearing + text)
    }

    /// Clears the line.
    func finish() {
        if shownAt != nil { Output.show(progress: style.clearing) }
    }
}
