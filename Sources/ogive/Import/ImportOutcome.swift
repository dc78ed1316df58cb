internal import OgiveStore

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

        /// The counts for a script.
        var json: JSONValue {
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
                "bad_rows_file": sideFile.map(JSONValue.string) ?? .null,
            ])
        }

        /// The counts for a person.
        func text(set: String) -> String {
            let counts = "prompt set '\(set)': " + self.counts.joined(separator: ", ")
            return ([counts] + differences).joined(separator: "; ")
        }

        private var counts: [String] {
            var parts = ["\(Self.count(receipt.imported, "prompt")) imported"]
            if receipt.candidates > 0 { parts.append(Self.count(receipt.candidates, "candidate")) }
            let there = receipt.promptsThere
            if there > 0 {
                parts.append(
                    "\(NumberText.count(there)) \(there == 1 ? "was" : "were") there already")
            }
            let repeats = receipt.repeats
            if repeats > 0 {
                parts.append(
                    Self.count(repeats, "row") + (repeats == 1 ? " repeats" : " repeat")
                        + " a prompt of the file")
            }
            if let last = parts.indices.last, receipt.imported > 0, there + repeats > 0 {
                let examples = receipt.duplicateExamples.prefix(3).joined(separator: ", ")
                parts[last] += " (\(examples)\(there + repeats > 3 ? " …" : ""))"
            }
            if skipped > 0 {
                let file = sideFile.map { " (see \($0))" } ?? ""
                parts.append("\(Self.count(skipped, "bad row")) left out\(file)")
            }
            return parts
        }

        /// What stays as it was, although the file has it otherwise, and what follows.
        private var differences: [String] {
            var parts: [String] = []
            if let other = receipt.otherCandidates {
                parts.append(
                    "\(Self.count(other.count, "prompt")) \(other.count == 1 ? "has" : "have") "
                        + "candidates or pairs that the file has no more (first key "
                        + "'\(other.firstKey)'): they stay, are scored and exported beside those "
                        + "of the file")
            }
            if let other = receipt.otherCandidateMetadata {
                parts.append(
                    "\(Self.count(other.count, "candidate")) \(other.count == 1 ? "has" : "have") "
                        + "other metadata than stored (first key '\(other.firstKey)'), which stay")
            }
            if receipt.otherMetadata > 0 {
                let fields = receipt.metadataDifferences.map {
                    "`\($0.field)` of key '\($0.firstKey)'"
                }
                let more = fields.count > 2 ? ", …" : ""
                parts.append(
                    Self.count(receipt.otherMetadata, "row")
                        + (receipt.otherMetadata == 1 ? " has" : " have")
                        + " other metadata than the first one of their key, which stay and are "
                        + "what scorers read (\(fields.prefix(2).joined(separator: ", "))\(more))")
            }
            if !parts.isEmpty {
                parts.append("another set (`--set`, `prompts.set`) takes the file as it is")
            }
            if receipt.promptsInSet > receipt.promptsInFile {
                parts.append(
                    "the set has \(Self.count(receipt.promptsInSet, "prompt")), the file "
                        + "\(NumberText.count(receipt.promptsInFile)): a run takes all of the set; "
                        + "another name (`prompts.set`) makes another set")
            }
            return parts
        }

        private static func count(_ number: Int, _ noun: String) -> String {
            "\(NumberText.count(number)) \(noun)\(number == 1 ? "" : "s")"
        }
    }
}

extension MetadataDifference {
    /// For a script.
    fileprivate var json: JSONValue {
        .object([
            "field": .string(field), "rows": .number("\(rows)"), "first_key": .string(firstKey),
        ])
    }
}
