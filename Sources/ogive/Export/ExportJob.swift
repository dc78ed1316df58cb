internal import FoundationEssentials
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
            let untold = try await store.export(request, after: cursor) { outline in
                try shards.begin(outline)
                progress.total = outline.tables
            } page: { rows, prompts in
                for row in rows { try shards.add(row) }
                progress.update(prompts: prompts)
            }
            progress.finish()
            shards.manifest?.untold += untold
        }
        return try shards.finish()
    }

    /// The path of the manifest; `nil` for standard output.
    var manifestPath: String? {
        if output == "-" { return nil }
        return shardRows == nil ? "\(output).manifest.json" : "\(output)/manifest.json"
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
            // The manifest goes first: without it no shard counts.
            if replaces, others.contains("manifest.json") {
                for name in ["manifest.json"] + others.filter({ $0.hasPrefix("part-") }) {
                    try files.removeItem(atPath: "\(output)/\(name)")
                }
            }
            if !others.isEmpty, !others.contains("manifest.json"), !replaces {
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
