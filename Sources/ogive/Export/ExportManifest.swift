internal import OgiveStore

/// What lies beside an export: what it is, from what it was made, and the checksums of its files.
struct ExportManifest {
    /// A file that is whole.
    struct File: Hashable, Sendable {
        /// Its name within the folder.
        var name: String
        /// Rows in it.
        var rows: Int
        /// Size and checksum.
        var receipt: ExportFile.Receipt
        /// The last prompt in it, in the database.
        var lastPrompt: Int64
    }

    /// What was asked for: equal for exports that can go on with each other's files.
    var export: ExactJSON
    /// The manifest of the snapshot, or of the run.
    var source: ExactJSON
    /// The files so far.
    var files: [File] = []
    /// Whether these are all.
    var isFinished = false
    /// Prompts that the rows are without, by reason; one may count for several.
    let leftOut: [(reason: String, prompts: Int)]
    /// Rows whose reference log-probability is NULL, by reason.
    var missing: [String: Int] = [:]

    /// Columns that the target has only when all log-probabilities are there, and lacks.
    let columnsLacking: [String]
    /// What brings them.
    let lackingAdvice: String?

    /// Begins without files.
    init(_ request: ExportRequest, _ outline: ExportOutline, isGzip: Bool, shardRows: Int?)
        throws(CommandError)
    {
        var options: JSONFields = [:]
        for option in request.target.options {
            options[option.rawValue] = Self.value(of: option, request)
        }
        if let band = request.band {
            options["min_rate"] = .number("\(band.minRate)")
            options["max_rate"] = .number("\(band.maxRate)")
            options["passes_from"] = band.passesFrom.map { .number("\($0)") } ?? .null
        }
        if let shardRows { options["shard_rows"] = .number("\(shardRows)") }
        export = .object([
            "for": .string(request.target.rawValue), "format": .string(request.format.rawValue),
            "gzip": .bool(isGzip), "options": .object(options),
            "columns": .array(outline.columns.map { .string($0.name) }),
            "ogive_version": .string(ProgramVersion.text),
        ])
        source = try Self.parse(outline.source, of: "the database")
        leftOut = outline.leftOut
        columnsLacking = outline.columnsLacking
        lackingAdvice = outline.lackingAdvice
    }

    private static func value(of option: ExportOption, _ request: ExportRequest) -> ExactJSON {
        func number(_ value: (some Any)?) -> ExactJSON { value.map { .number("\($0)") } ?? .null }
        return switch option {
        case .strategy: .string(request.strategy)
        case .k: number(request.k)
        case .pairs: number(request.pairs)
        case .seed: number(request.seed)
        case .minGap: number(request.minGap)
        case .dropEqual: .bool(request.dropEqual)
        case .refRewards: number(request.refRewards)
        case .threshold: number(request.threshold)
        case .beta: number(request.beta)
        case .transform: .string(request.transform)
        case .ties: .string(request.ties)
        case .partitionFunction: .string(request.partitionFunction)
        }
    }

    /// Rows in all files.
    var rows: Int { files.reduce(0) { $0 + $1.rows } }

    /// As it is written.
    var json: ExactJSON {
        .object([
            "export": export, "source": source, "finished": .bool(isFinished),
            "rows": .number("\(rows)"),
            "prompts_left_out": Self.counts(leftOut.map { ($0.reason, $0.prompts) }),
            "rows_without_log_probability": Self.counts(missing.map { ($0.key, $0.value) }),
            "files": .array(
                files.map { file in
                    .object([
                        "file": .string(file.name), "rows": .number("\(file.rows)"),
                        "bytes": .number("\(file.receipt.bytes)"),
                        "sha256": .string(file.receipt.sha256),
                        "last_prompt_id": .number("\(file.lastPrompt)"),
                    ])
                }),
        ])
    }

    /// Takes over the files of an interrupted export from its manifest. Throws `.configuration`
    /// when that is another export.
    mutating func goOn(from text: String, at path: String) throws(CommandError) {
        let other = try Self.parse(text, of: path).fields ?? [:]
        guard other["export"] == export, other["source"] == source else {
            throw CommandError(
                .configuration,
                "\(path) is of another export: other options, another snapshot or another version "
                    + "of ogive. Choose another --output, or give --force to begin anew.")
        }
        let counted = other["rows_without_log_probability"].flatMap(\.fields) ?? [:]
        for (reason, rows) in counted.inOrder { missing[reason] = Self.whole(rows) }
        files = (other["files"]?.elements ?? []).compactMap { entry in
            guard let fields = entry.fields, let name = fields["file"]?.text,
                let sha256 = fields["sha256"]?.text, let rows = fields["rows"].flatMap(Self.whole),
                let bytes = fields["bytes"].flatMap(Self.whole),
                let last = fields["last_prompt_id"].flatMap(Self.whole)
            else { return nil }
            return File(
                name: name, rows: rows,
                receipt: ExportFile.Receipt(bytes: bytes, sha256: sha256),
                lastPrompt: Int64(last))
        }
        isFinished = other["finished"] == .bool(true)
    }

    private static func counts(_ counts: [(reason: String, count: Int)]) -> ExactJSON {
        var fields: JSONFields = [:]
        for (reason, count) in counts { fields[reason] = .number("\(count)") }
        return .object(fields)
    }

    private static func whole(_ value: ExactJSON) -> Int? {
        if case .number(let text) = value { return Int(text) }
        return nil
    }

    private static func parse(_ text: String, of place: String) throws(CommandError) -> ExactJSON {
        do {
            return try JSONParser.parse(Array(text.utf8))
        } catch {
            throw CommandError(.input, "the manifest of \(place) is not JSON: \(error)")
        }
    }
}
