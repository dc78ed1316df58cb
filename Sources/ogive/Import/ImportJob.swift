internal import Glibc
internal import OgiveCore
internal import OgiveStore

/// Imports one file into one prompt set.
struct ImportJob {
    /// The file; `-` is standard input.
    var path: String
    /// The prompt set.
    var set: String
    /// Which fields mean what, for shapes that are not recognised.
    var fields: FieldMap?
    /// Whether bad rows are left out, instead of nothing being imported.
    var skipBadRows = false
    /// Most bytes of a line.
    var lineBytesMax = 8 << 20

    /// Rows handed to the database at once.
    private static let batch = 500

    /// What came of it.
    struct Outcome: Sendable {
        /// What the database says.
        var receipt: ImportReceipt
        /// Rows that were left out.
        var skipped: Int
        /// Where they were written.
        var sideFile: String?

        /// The counts for a script.
        var json: JSONValue {
            .output([
                "imported": .number("\(receipt.imported)"),
                "candidates": .number("\(receipt.candidates)"),
                "duplicates": .number("\(receipt.duplicates)"),
                "other_metadata": .number("\(receipt.otherMetadata)"),
                "skipped": .number("\(skipped)"),
                "bad_rows_file": sideFile.map(JSONValue.string) ?? .null,
            ])
        }

        /// The counts for a person.
        func text(set: String) -> String {
            var text = "prompt set '\(set)': \(NumberText.count(receipt.imported)) prompts imported"
            if receipt.candidates > 0 {
                text += ", \(NumberText.count(receipt.candidates)) candidates"
            }
            if receipt.duplicates > 0 {
                let examples = receipt.duplicateExamples.prefix(3).joined(separator: ", ")
                text += ", \(NumberText.count(receipt.duplicates)) were there already"
                if receipt.imported > 0 { text += " (\(examples) …)" }
            }
            if receipt.otherMetadata > 0 {
                text +=
                    "; \(NumberText.count(receipt.otherMetadata)) rows have other metadata than "
                    + "the first one of their key, which stays"
            }
            if skipped > 0 {
                text += ", \(NumberText.count(skipped)) bad rows left out"
                if let sideFile { text += " (see \(sideFile))" }
            }
            return text
        }
    }

    /// Reads the file to its end. Throws `.input` with the bad rows when there are any and they
    /// may not be skipped; then nothing is imported.
    func run(_ store: PostgresStore) async throws -> Outcome {
        var report = BadRowReport()
        let sideFile = BadRowFile.path(for: path)
        let receipt = try await store.importPrompts(into: set) { importer in
            report = try await feed(importer, sideFile: sideFile)
            if report.count > 0, !skipBadRows {
                let rows = report.lines.joined(separator: "\n  ")
                throw CommandError(
                    .input,
                    "nothing was imported: \(report.count) rows of \(path) are bad\n  \(rows)\n"
                        + "Mend them, or give --skip-bad-rows to import the others.")
            }
        }
        if report.count > 0 {
            ErrorRendering.write(report.lines.joined(separator: "\n") + "\n")
        }
        return Outcome(
            receipt: receipt, skipped: report.count, sideFile: report.count > 0 ? sideFile : nil)
    }

    private func feed(_ importer: PromptImporter, sideFile: String) async throws -> BadRowReport {
        var reader = try ImportReader(path: path, fields: fields, lineBytesMax: lineBytesMax)
        var report = BadRowReport()
        var bad = BadRowFile(path: sideFile)
        var progress = ImportProgress(path: path)
        while true {
            let rows = try reader.next(limit: Self.batch)
            if rows.isEmpty { break }
            var prompts: [ImportedPrompt] = []
            for row in rows {
                switch row {
                case .prompt(_, let prompt): prompts.append(prompt)
                case .bad(let row, let raw):
                    report.add(row)
                    if skipBadRows { try bad.add(row, raw: raw) }
                }
            }
            // After a bad row nothing will be kept; the rest is read for its other bad rows.
            if report.count == 0 || skipBadRows { try await importer.add(prompts) }
            progress.update(rows: rows.count, fraction: reader.progress)
        }
        progress.finish()
        try bad.flush()
        return report
    }
}
