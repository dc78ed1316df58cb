internal import OgiveCore

/// Reads the prompts of a JSON Lines file, plain or gzip, row by row in constant memory.
///
/// Lines of white space are passed over. A file that cannot be read to its end (missing,
/// damaged, cut off) is an error, not a bad row.
struct ImportReader: ~Copyable {
    /// Most raw bytes that come with a bad row.
    static let rawBytesMax = 64 << 10

    /// The file's name as it appears in messages.
    let file: String
    private let shape: RowShape
    private let lineBytesMax: Int
    private var source: ByteSource
    private var inflater: GzipInflater?
    private var splitter: LineSplitter
    private var isFirstBlock = true
    private var isFirstLine = true
    private var isAtEnd = false

    /// Opens a file; `-` is standard input. Throws `.input` when it cannot be opened.
    init(
        path: String, fields: FieldMap? = nil, lineBytesMax: Int = 8 << 20
    ) throws(CommandError) {
        file = path == "-" ? "standard input" : path
        shape = RowShape(fields: fields)
        self.lineBytesMax = lineBytesMax
        source = try ByteSource.open(path: path)
        splitter = LineSplitter(bytesMax: lineBytesMax)
    }

    /// The share of the file that has been read, 0…1; `nil` for standard input.
    var progress: Double? {
        source.byteCount.map { $0 == 0 ? 1 : min(1, Double(source.bytesRead) / Double($0)) }
    }

    /// The next row; `nil` at the end. Throws `.input` when the file cannot be read further.
    mutating func next() throws(CommandError) -> ImportedRow? {
        while true {
            if let line = splitter.next() {
                if let row = read(line) { return row }
            } else if isAtEnd {
                guard let line = splitter.last() else { return nil }
                if let row = read(line) { return row }
            } else {
                try fill()
            }
        }
    }

    /// The next rows, at most `limit`; empty at the end.
    mutating func next(limit: Int) throws(CommandError) -> [ImportedRow] {
        var rows: [ImportedRow] = []
        while rows.count < limit, let row = try next() { rows.append(row) }
        return rows
    }

    /// Hands the next block to the splitter.
    private mutating func fill() throws(CommandError) {
        if let piece = try unpacked() {
            splitter.feed(piece)
            return
        }
        let block = isFirstBlock ? try firstBlock() : try source.next()
        isFirstBlock = false
        if inflater != nil {
            inflater?.feed(block)
        } else {
            splitter.feed(block)
        }
        if block.isEmpty {
            isAtEnd = true
            try finishInflating()
        }
    }

    /// The first block; a pipe may deliver its first byte alone, and the magic has two.
    private mutating func firstBlock() throws(CommandError) -> [UInt8] {
        var block = try source.next()
        while block.count == 1 {
            let more = try source.next()
            if more.isEmpty { break }
            block += more
        }
        guard block.starts(with: GzipInflater.magic) else { return block }
        do throws(GzipInflater.Problem) {
            inflater = try GzipInflater()
        } catch {
            throw CommandError(.input, "\(file): \(error.text)")
        }
        return block
    }

    private mutating func unpacked() throws(CommandError) -> [UInt8]? {
        do throws(GzipInflater.Problem) {
            return try inflater?.next()
        } catch {
            throw CommandError(.input, "\(file): \(error.text)")
        }
    }

    private func finishInflating() throws(CommandError) {
        do throws(GzipInflater.Problem) {
            try inflater?.finish()
        } catch {
            throw CommandError(.input, "\(file): \(error.text)")
        }
    }

    /// Reads a line; `nil` when it is blank.
    private mutating func read(_ line: LineSplitter.Line) -> ImportedRow? {
        var bytes = line.bytes
        if isFirstLine, bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes.removeFirst(3) }
        isFirstLine = false
        if !line.isTooLong, bytes.allSatisfy({ $0 == 32 || $0 == 9 || $0 == 13 }) { return nil }
        do throws(RowProblem) {
            if line.isTooLong {
                let limit = ByteCountText.format(lineBytesMax)
                throw RowProblem(
                    .tooLong,
                    "the line has \(line.byteCount) bytes, more than \(limit); "
                        + "`prompts.line_bytes_max` raises the limit")
            }
            return .prompt(line: line.number, try shape.prompt(from: Self.object(bytes)))
        } catch {
            let row = BadRow(
                file: file, line: line.number, reason: error.reason, detail: error.detail)
            return .bad(row, raw: Array(bytes.prefix(Self.rawBytesMax)))
        }
    }

    private static func object(_ bytes: [UInt8]) throws(RowProblem) -> [String: JSONValue] {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw RowProblem(.notUTF8, "the line is not valid UTF-8")
        }
        let value: JSONValue
        do throws(JSONParser.Problem) {
            value = try JSONParser.parse(bytes)
        } catch {
            guard !error.isUnstorable else {
                throw RowProblem(
                    .unstorable,
                    "\(error.text) at column \(error.column): PostgreSQL cannot store it")
            }
            throw RowProblem(.notJSON, "not JSON: \(error.text) at column \(error.column)")
        }
        guard let fields = value.fields else {
            throw RowProblem(
                .notObject,
                "the line holds \(value.kind), not an object; one object a line is expected "
                    + "(`jq -c '.[]'` makes lines of a JSON list)")
        }
        return fields
    }
}
