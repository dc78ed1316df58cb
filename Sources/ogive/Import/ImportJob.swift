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
    /// How the user tells this command to leave bad rows out.
    var skipAdvice = "give --skip-bad-rows"

    /// Rows handed to the database at once.
    private static let batch = 500
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
            notes: found.notes)
    }

    private func refuseBadRows(_ found: Findings) throws(CommandError) {
        let count = found.bad.count
        guard count > 0, !skipBadRows || found.good == 0 else { return }
        let rows = found.bad.lines.joined(separator: "\n  ")
        let which =
            found.good > 0
            ? count == 1
                ? "a row of \(path) is bad" : "\(NumberText.count(count)) rows of \(path) are bad"
            : found.isCutShort
                ? "the first \(NumberText.count(count)) rows of \(path) are all bad, and it was "
                    + "read no further"
                : count == 1 ? "the only row of \(path) is bad" : "all rows of \(path) are bad"
        // Many messages say what to write into the configuration.
        let isMapped = rows.contains("`prompts: {")
        let advice =
            found.good > 0
            ? (isMapped
                ? "Write that into the configuration, mend them, or " : "Mend them, or ")
                + "\(skipAdvice) to import the others."
            : isMapped
                ? "Write that into the configuration, or mend the file." : "Mend the file."
        throw CommandError(.input, "nothing was imported: \(which)\n  \(rows)\n\(advice)")
    }

    private func feed(_ importer: PromptImporter, sideFile: String) async throws -> Findings {
        var reader = try ImportReader(path: path, rules: rules)
        var found = Findings()
        var bad = BadRowFile(path: sideFile)
        var progress = ImportProgress(path: path)
        while true {
            let rows = try reader.next(limit: Self.batch)
            if rows.isEmpty { break }
            var prompts: [ImportedPrompt] = []
            var lines: [Int] = []
            for row in rows {
                switch row {
                case .prompt(let line, let prompt, let notes):
                    prompts.append(prompt)
                    lines.append(line)
                    found.notes.add(notes, line: line)
                case .bad(let row, let raw):
                    found.bad.add(row)
                    if skipBadRows { try bad.add(row, raw: raw) }
                }
            }
            found.good += prompts.count
            // After a bad row nothing will be kept; the rest is read for its other bad rows.
            if found.bad.count == 0 || skipBadRows {
                try await importer.add(prompts, lines: lines)
            }
            progress.update(rows: rows.count, fraction: reader.progress)
            if found.good == 0, found.bad.count >= Self.hopelessRows {
                found.isCutShort = true
                break
            }
        }
        progress.finish()
        try bad.flush()
        return found
    }
}
