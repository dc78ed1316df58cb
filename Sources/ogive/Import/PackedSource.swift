/// The bytes of a file, unpacked where they are gzip or zstd, piece by piece.
struct PackedSource: ~Copyable {
    /// The share of the file that has been read, 0…1; `nil` for standard input.
    var progress: Double? {
        source.byteCount.map { $0 == 0 ? 1 : min(1, Double(source.bytesRead) / Double($0)) }
    }

    private let file: String
    private var source: ByteSource
    private var gzip: GzipInflater?
    private var zstd: ZstdInflater?
    private var isFirstBlock = true

    /// Opens a file; `-` is standard input. Throws `.input` when it cannot be opened.
    init(path: String, file: String) throws(CommandError) {
        self.file = file
        source = try ByteSource.open(path: path)
    }

    /// The next piece; empty at the end. Throws `.input` when the file is damaged or cut off.
    mutating func next() throws(CommandError) -> [UInt8] {
        do throws(UnpackingProblem) {
            while true {
                if let piece = try unpacked() { return piece }
                let block = isFirstBlock ? try firstBlock() : try read()
                isFirstBlock = false
                if block.isEmpty {
                    try gzip?.finish()
                    try zstd?.finish()
                    return []
                }
                if gzip == nil, zstd == nil { return block }
                gzip?.feed(block)
                zstd?.feed(block)
            }
        } catch {
            throw error.failure ?? CommandError(.input, "\(file): \(error.text)")
        }
    }

    private mutating func unpacked() throws(UnpackingProblem) -> [UInt8]? {
        if let piece = try gzip?.next() { return piece }
        return try zstd?.next()
    }

    /// The first block, of four bytes at least: a pipe may deliver its first byte alone.
    private mutating func firstBlock() throws(UnpackingProblem) -> [UInt8] {
        var block = try read()
        while block.count < ZstdInflater.magicBytes {
            let more = try read()
            if more.isEmpty { break }
            block += more
        }
        if block.starts(with: GzipInflater.magic) { gzip = try GzipInflater() }
        if ZstdInflater.begins(block) { zstd = try ZstdInflater() }
        return block
    }

    private mutating func read() throws(UnpackingProblem) -> [UInt8] {
        do throws(CommandError) {
            return try source.next()
        } catch {
            throw UnpackingProblem(text: error.message, failure: error)
        }
    }
}

/// Why packed data cannot be unpacked.
struct UnpackingProblem: Error {
    /// What is wrong.
    var text: String
    /// The failure to read the file, when that is the reason.
    var failure: CommandError?
}
