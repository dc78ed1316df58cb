internal import OgiveCore
internal import OgivePreflight
internal import OgiveStore

/// Compares the file of a configuration with the prompts that are stored under its set's name: a
/// run takes what is stored.
struct PromptSetDoctor {
    /// The file and its set.
    var prompts: PromptsConfiguration
    /// Bad rows that were told before.
    var badRowsTold = 0

    /// Rows handed to the database at once.
    private static let batch = 500
    /// What to do about most differences.
    private static let another = "give the file a set of its own: `-o prompts.set=NAME`"

    /// What differs; nothing without a file, or when no set of this name is stored. Reads the whole
    /// file, as an import would, and stores nothing.
    func examine(_ store: PostgresStore) async -> [Finding] {
        guard let file = prompts.file, file != "-", let set = prompts.set else { return [] }
        var bad = BadRowReport()
        do {
            let comparison = try await store.compare(set: set) { importer in
                bad = try await read(file, importer)
            }
            let more = bad.count > badRowsTold ? badRows(bad, of: file) : []
            return comparison.map { findings($0) + more } ?? []
        } catch {
            let reason = CommandError(explaining: error)
            return [
                Finding(
                    .note, .prompts, at: set,
                    "the file was not compared with what is stored: \(reason.message)")
            ]
        }
    }

    /// Hands the good rows to the database, and returns the bad ones.
    private func read(_ file: String, _ importer: PromptImporter) async throws -> BadRowReport {
        var bad = BadRowReport()
        let source = RowFile(path: file, rules: ImportRules(prompts))
        try await source.forEachBatch(of: Self.batch) { rows, _ in
            var batch: [ImportedPrompt] = []
            var lines: [Int] = []
            for row in rows {
                switch row {
                case .prompt(let line, let prompt, _):
                    batch.append(prompt)
                    lines.append(line)
                case .bad(let row, _): bad.add(row)
                }
            }
            try await importer.add(batch, lines: lines)
            return true
        }
        return bad
    }

    /// One finding for each kind of difference, the worst first.
    func findings(_ found: PromptSetComparison) -> [Finding] {
        if found.isSame {
            let count = NumberText.count(found.promptsInSet, "prompt")
            return [finding(.ok, "the stored set has the file's \(count)")]
        }
        var findings: [Finding] = []
        if let other = found.otherContent {
            let rows = "\(NumberText.count(other.count, "row")) of the file \(Self.have(other))"
            findings.append(
                finding(
                    .error,
                    "\(rows) another prompt under a key of the stored set, first key "
                        + "'\(other.firstKey)': an import refuses the file",
                    advice: "give these prompts other keys; or " + Self.another))
        }
        if let absent = found.absent {
            let prompts = NumberText.count(absent.count, "prompt")
            findings.append(
                finding(
                    .warning,
                    "the stored set has \(prompts) that the file does not have, first key "
                        + "'\(absent.firstKey)': a run takes them all the same",
                    advice: Self.another))
        }
        if let other = found.otherMetadata {
            let rows = "\(NumberText.count(other.count, "row")) of the file \(Self.have(other))"
            findings.append(
                finding(
                    .warning,
                    "\(rows) other metadata than stored, first key '\(other.firstKey)': what is "
                        + "stored stays",
                    advice: Self.another))
        }
        if let other = found.otherCandidates {
            let prompts = "\(NumberText.count(other.count, "stored prompt")) \(Self.have(other))"
            findings.append(
                finding(
                    .warning,
                    "\(prompts) candidates or pairs that the file does not have, first key "
                        + "'\(other.firstKey)': they stay",
                    advice: Self.another))
        }
        return findings + news(found)
    }

    /// What an import would add.
    private func news(_ found: PromptSetComparison) -> [Finding] {
        var findings: [Finding] = []
        if let added = found.added {
            let prompts = NumberText.count(added.count, "prompt")
            findings.append(
                finding(
                    .note,
                    "the file has \(prompts) that the stored set does not have, first key "
                        + "'\(added.firstKey)': an import adds them"))
        }
        if let added = found.addedCandidates {
            let candidates = NumberText.count(added.count, "candidate")
            findings.append(
                finding(
                    .note,
                    "the file has \(candidates) of stored prompts that are not stored, first key "
                        + "'\(added.firstKey)': an import adds them"))
        }
        return findings
    }

    /// What an import does about bad rows; `isAll` says that there are no others.
    func badRows(_ bad: BadRowReport, of file: String, isAll: Bool = false) -> [Finding] {
        guard let first = bad.lines.first else { return [] }
        let rows = NumberText.count(bad.count, "row") + " cannot be read"
        guard isAll || !prompts.skipBadRows else {
            return [Finding(.note, .prompts, at: file, "\(rows) and are left out: \(first)")]
        }
        return [
            Finding(
                .error, .prompts, at: file,
                "\(rows)\(isAll ? ", and no other one can" : ""): an import refuses the file: "
                    + first,
                advice: "`ogive import` names them; fix them"
                    + (isAll ? "" : ", or set `prompts.skip_bad_rows`"))
        ]
    }

    private func finding(
        _ severity: Finding.Severity, _ message: String, advice: String? = nil
    ) -> Finding {
        Finding(severity, .prompts, at: prompts.set ?? "prompts", message, advice: advice)
    }

    private static func have(_ found: KeptBack) -> String { found.count == 1 ? "has" : "have" }
}
