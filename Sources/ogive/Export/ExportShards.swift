internal import OgiveStore

/// Distributes the rows of an export over its files, and keeps the manifest.
struct ExportShards {
    private let job: ExportJob
    /// What is known and done so far; `nil` before anything is.
    var manifest: ExportManifest?
    private var header: [UInt8] = []
    private var file: ExportFile?
    private var rows = 0
    private var lastPrompt: Int64 = 0

    /// Begins without files.
    init(job: ExportJob) {
        self.job = job
    }

    /// Learns what the export will be.
    mutating func begin(_ outline: ExportOutline) throws(CommandError) {
        header = outline.header
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
    mutating func add(_ row: ExportRow) throws(CommandError) {
        if let limit = job.shardRows, rows >= limit, row.prompt != lastPrompt { try close() }
        if file == nil { try open() }
        try file?.write(row.line)
        rows += 1
        lastPrompt = row.prompt
    }

    /// Ends the last file and the manifest.
    mutating func finish() throws(CommandError) -> ExportManifest {
        if file != nil { try close() }
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

    private mutating func open() throws(CommandError) {
        let path = job.shardRows == nil ? job.output : "\(job.output)/\(name)"
        let file = try ExportFile(path: path, isGzip: job.isGzip)
        try file.write(header)
        self.file = file
        rows = 0
    }

    private mutating func close() throws(CommandError) {
        guard let file, var manifest else { return }
        manifest.files.append(
            ExportManifest.File(
                name: name, rows: rows, receipt: try file.finish(), lastPrompt: lastPrompt))
        if job.shardRows != nil { try write(manifest) }
        self.manifest = manifest
        self.file = nil
    }

    private func write(_ manifest: ExportManifest) throws(CommandError) {
        guard let path = job.manifestPath else { return }
        try ExportFile.write(manifest.json.json + "\n", to: path)
    }
}
