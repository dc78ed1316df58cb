internal import FoundationEssentials
internal import Glibc
internal import OgiveStore

/// Writes one export: a file, or a folder of shards that an interrupted export can go on with.
struct ExportJob {
    /// What is exported.
    let request: ExportRequest
    /// The file, `-` for standard output; with shards the folder.
    let output: String
    /// Whether files are packed.
    let isGzip: Bool
    /// Least rows of a shard, which ends with a prompt; `nil` for one file.
    let shardRows: Int?
    /// Whether what is there is replaced.
    let replaces: Bool

    /// Exports; answers with the manifest.
    func run(_ store: PostgresStore) async throws -> ExportManifest {
        try prepare()
        var shards = ExportShards(job: self)
        // A first look at the manifest says where to go on.
        let cursor = try await cursor(store, &shards)
        if shards.manifest?.isFinished != true {
            var progress = ExportProgress(name: output)
            try await store.export(request, after: cursor) { outline in
                try shards.begin(outline)
                progress.total = outline.tables
            } page: { rows, prompts in
                for row in rows { try await shards.add(row) }
                progress.update(prompts: prompts)
            }
            progress.finish()
        }
        return try await shards.finish()
    }

    /// The path of the manifest, which lies beside the output and never in a folder of shards:
    /// what reads the folder takes all files in it for data. `nil` for standard output.
    var manifestPath: String? { beside("manifest") }

    /// The path of the columns and their types.
    var schemaPath: String? { beside("schema") }

    private func beside(_ what: String) -> String? {
        if output == "-" { return nil }
        var name = output[...]
        while name.count > 1, name.hasSuffix("/") { name.removeLast() }
        return "\(name).\(what).json"
    }

    /// Throws before anything is read when the output cannot be.
    private func prepare() throws(CommandError) {
        guard output != "-" else {
            if shardRows != nil {
                throw CommandError(.configuration, "--shard-rows needs a folder: --output FOLDER")
            }
            return
        }
        let files = FileManager.default
        if shardRows == nil {
            if files.fileExists(atPath: output), !replaces {
                throw CommandError(
                    .configuration, "\(output) is there already: give --force to replace it")
            }
            return
        }
        guard request.snapshot != nil else {
            throw CommandError(
                .configuration,
                "--shard-rows needs --snapshot: shards of two states of a run must never be "
                    + "mixed. `ogive snapshot \(request.run) NAME` makes one.")
        }
        do {
            try files.createDirectory(atPath: output, withIntermediateDirectories: true)
            let others = try files.contentsOfDirectory(atPath: output).filter {
                !$0.hasSuffix(".partial")
            }
            let isOurs = manifestPath.map(files.fileExists(atPath:)) ?? false
            // The manifest goes first: without it no shard counts.
            if replaces, isOurs, let path = manifestPath {
                try files.removeItem(atPath: path)
                for name in others.filter({ $0.hasPrefix("part-") }) {
                    try files.removeItem(atPath: "\(output)/\(name)")
                }
            }
            if !others.isEmpty, !isOurs, !replaces {
                throw CommandError(
                    .configuration,
                    "\(output) holds other files (\(others.sorted()[0]), …): choose another one")
            }
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError(.input, "cannot use the folder \(output): \(error)")
        }
    }

    /// The last prompt of an interrupted export, whose files are checked; 0 when there is none.
    private func cursor(
        _ store: PostgresStore, _ shards: inout ExportShards
    ) async throws -> Int64 {
        guard shardRows != nil, let path = manifestPath,
            let data = FileManager.default.contents(atPath: path)
        else { return 0 }
        var found: ExportOutline?
        try await store.export(request, after: .max) {
            found = $0
        } page: { _, _ in
        }
        guard let outline = found else { return 0 }
        var manifest = try ExportManifest(
            request, outline, isGzip: isGzip, shardRows: shardRows)
        try manifest.goOn(from: String(decoding: data, as: UTF8.self), at: path)
        for file in manifest.files {
            let name = "\(output)/\(file.name)"
            guard try ExportFile.sha256(of: name) == file.receipt.sha256 else {
                throw CommandError(
                    .input,
                    "\(name) is not what was written (its SHA-256 is another): give --force to "
                        + "begin anew")
            }
        }
        shards.manifest = manifest
        return manifest.files.last?.lastPrompt ?? 0
    }
}

/// Distributes the rows of an export over its files, and keeps the manifest.
struct ExportShards {
    private let job: ExportJob
    /// What is known and done so far; `nil` before anything is.
    var manifest: ExportManifest?
    private var header: [UInt8] = []
    private var columns: [ExportColumn] = []
    private var schema: ExportSchema?
    private var file: ExportFile?
    private var rows = 0
    private var lastPrompt: Int64 = 0
    private var missing: [String: Int] = [:]

    /// Begins without files.
    init(job: ExportJob) {
        self.job = job
    }

    /// Learns what the export will be.
    mutating func begin(_ outline: ExportOutline) throws(CommandError) {
        header = outline.header
        columns = outline.columns
        schema = ExportSchema(job.request.target, columns)
        if manifest == nil {
            let manifest = try ExportManifest(
                job.request, outline, isGzip: job.isGzip, shardRows: job.shardRows)
            // From the first moment on, a folder says of what its shards are.
            if job.shardRows != nil { try write(manifest) }
            self.manifest = manifest
        }
        if job.shardRows == nil { try open() }
    }

    /// Writes a row. A shard ends where a prompt does, so that its last prompt says where to go on.
    mutating func add(_ row: ExportRow) async throws {
        if let limit = job.shardRows, rows >= limit, row.prompt != lastPrompt { try await close() }
        if file == nil { try open() }
        try file?.write(row.line)
        rows += 1
        if let reason = row.missing { missing[reason, default: 0] += 1 }
        lastPrompt = row.prompt
    }

    /// Ends the last file and the manifest.
    mutating func finish() async throws -> ExportManifest {
        if file != nil { try await close() }
        guard var manifest else { preconditionFailure("an export begins before it ends") }
        if !manifest.isFinished {
            manifest.isFinished = true
            try write(manifest)
        }
        self.manifest = manifest
        return manifest
    }

    private var name: String {
        guard job.shardRows != nil else {
            return job.output.split(separator: "/").last.map(String.init) ?? job.output
        }
        let number = String(manifest?.files.count ?? 0)
        let zeros = String(repeating: "0", count: max(0, 5 - number.count))
        return "part-\(zeros)\(number).\(job.request.format.rawValue)\(job.isGzip ? ".gz" : "")"
    }

    private var path: String { job.shardRows == nil ? job.output : "\(job.output)/\(name)" }

    private mutating func open() throws(CommandError) {
        let path = job.request.format == .parquet ? ParquetExport(path: path).rows : path
        let file = try ExportFile(path: path, isGzip: job.isGzip)
        try file.write(header)
        self.file = file
        rows = 0
    }

    private mutating func close() async throws {
        guard let file, var manifest else { return }
        var receipt = try file.finish()
        if job.request.format == .parquet {
            receipt = try await ParquetExport(path: path).write(columns)
        }
        manifest.files.append(
            ExportManifest.File(
                name: name, rows: rows, receipt: receipt, lastPrompt: lastPrompt))
        manifest.missing.merge(missing, uniquingKeysWith: +)
        missing = [:]
        if job.shardRows != nil { try write(manifest) }
        self.manifest = manifest
        self.file = nil
    }

    private mutating func write(_ manifest: ExportManifest) throws(CommandError) {
        guard let path = job.manifestPath else { return }
        if let schema, let path = job.schemaPath {
            try ExportFile.write(schema.json.jsonInOrder + "\n", to: path)
            self.schema = nil
        }
        try ExportFile.write(manifest.json.json + "\n", to: path)
    }
}

/// Shows on a terminal how far an export is, once it takes more than two seconds.
struct ExportProgress {
    /// Prompts with a table.
    var total = 0
    private let name: String
    private let style: TerminalStyle
    private let begun = ContinuousClock.now
    private var prompts = 0
    private var shownAt: ContinuousClock.Instant?

    /// Names the output.
    init(name: String) {
        self.name = name
        style = TerminalStyle(descriptor: STDERR_FILENO, environment: Environment.current)
    }

    /// Counts prompts, and shows the state now and then.
    mutating func update(prompts: Int) {
        self.prompts += prompts
        let now = ContinuousClock.now
        guard style.isTerminal, now - begun > .seconds(2),
            shownAt.map({ now - $0 > .milliseconds(200) }) ?? true
        else { return }
        shownAt = now
        var text = "exporting \(Printable.line(name)): \(NumberText.count(self.prompts, "prompt"))"
        if total > self.prompts {
            let fraction = Double(self.prompts) / Double(total)
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
