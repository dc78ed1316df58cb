internal import OgiveCore

/// Reads the prompts of a file, row by row in constant memory.
///
/// A file that cannot be read to its end (missing, damaged, cut off), or that is something else, is
/// an error and not a bad row.
struct ImportReader: ~Copyable {
    /// The file's name as it appears in messages.
    let file: String
    private var rows: RowReader
    private var source: PackedSource

    /// Opens a file; `-` is standard input. Throws `.input` when it cannot be opened.
    init(path: String, rules: ImportRules = ImportRules()) throws(CommandError) {
        file = path == "-" ? "standard input" : path
        rows = RowReader(file: file, rules: rules)
        source = try PackedSource(path: path, file: file, hashes: rules.adoption != nil)
    }

    /// The share of the file that has been read, 0…1; `nil` for standard input.
    var progress: Double? { source.progress }

    /// SHA-256 of what has been read, as it is in the file; `nil` unless completions are adopted.
    var digest: SHA256Digest? { source.digest }

    /// The next row; `nil` at the end. Throws `.input` when the file cannot be read further.
    mutating func next() throws(CommandError) -> ImportedRow? {
        while true {
            if let row = try rows.next() { return row }
            if rows.isEnded { return nil }
            try rows.feed(try source.next())
        }
    }

    /// The next rows, at most `limit`, and no more once their texts have so many bytes; empty at
    /// the end.
    mutating func next(limit: Int, bytes: Int = .max) throws(CommandError) -> [ImportedRow] {
        var rows: [ImportedRow] = []
        let begun = self.rows.bytesRead
        while rows.count < limit, self.rows.bytesRead - begun < bytes, let row = try next() {
            rows.append(row)
        }
        return rows
    }
}

/// Makes rows of the bytes of a file, which come piece by piece.
///
/// They hold JSON Lines, one JSON list of objects, or objects one after the other that span several
/// lines. Lines of white space are passed over.
struct RowReader {
    /// Most raw bytes that come with a bad row.
    static let rawBytesMax = 64 << 10
    /// By how many bytes the layout is known at the latest.
    private static let headBytesMax = 64 << 10

    private let file: String
    private let rules: ImportRules
    private let shape: RowShape
    private var head: [UInt8] = []
    private var splitter: (any RowSplitter)?
    private var isAtEnd = false
    private var rowsRead = 0
    /// The bytes of the rows' texts so far.
    private(set) var bytesRead = 0
    /// Whether there are no more rows: the bytes have ended, or enough rows were read.
    private(set) var isEnded = false

    /// Begins a file, which messages call by its name.
    init(file: String, rules: ImportRules) {
        self.file = file
        self.rules = rules
        shape = RowShape(rules: rules)
    }

    /// Takes the next piece; an empty one is the end. The rows of the one before must have been
    /// fetched. Throws `.input` when the file is something else.
    mutating func feed(_ piece: [UInt8]) throws(CommandError) {
        if piece.isEmpty { isAtEnd = true }
        guard splitter == nil else {
            if !piece.isEmpty { splitter?.feed(piece) }
            return
        }
        head += piece
        let isKnown =
            isAtEnd || head.count >= Self.headBytesMax
            || head.count >= FileFormat.sampleBytes && Self.hasLine(head)
        if isKnown { try begin() }
    }

    /// The next row; `nil` at the end, and when another piece is needed. Throws `.input` when the
    /// file cannot be read further.
    mutating func next() throws(CommandError) -> ImportedRow? {
        if let limit = rules.limit, rowsRead >= limit { isEnded = true }
        if isEnded { return nil }
        do throws(RowProblem) {
            while true {
                let text: RowText
                if let row = try splitter?.next() {
                    text = row
                } else if !isAtEnd {
                    return nil
                } else if let row = try splitter?.last() {
                    text = row
                } else {
                    guard rowsRead > 0 else {
                        throw RowProblem(
                            .notJSON, "the file holds no rows: there is nothing to import")
                    }
                    isEnded = true
                    return nil
                }
                if let row = read(text) {
                    rowsRead += 1
                    bytesRead += text.bytes.count
                    return row
                }
            }
        } catch {
            throw CommandError(.input, "\(file): \(error.detail)")
        }
    }

    /// Chooses the splitter by the first bytes.
    private mutating func begin() throws(CommandError) {
        let sample = Array(head.prefix(FileFormat.sampleBytes))
        if let refusal = FileFormat.refusal(of: sample, file: file) {
            throw CommandError(.input, "\(file): \(refusal)")
        }
        if head.starts(with: [0xef, 0xbb, 0xbf]) { head.removeFirst(3) }
        let text = head.drop(while: Self.isSpace)
        if text.first == UInt8(ascii: "[") {
            splitter = ValueSplitter(list: true, bytesMax: rules.lineBytesMax)
        } else if text.first == UInt8(ascii: "{"), Self.spansLines(text) {
            splitter = ValueSplitter(list: false, bytesMax: rules.lineBytesMax)
        } else {
            splitter = LineSplitter(bytesMax: rules.lineBytesMax)
        }
        splitter?.feed(head)
        head = []
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 32 || (9...10).contains(byte) || byte == 13
    }

    /// Whether there is a whole line of more than white space.
    private static func hasLine(_ head: [UInt8]) -> Bool {
        head.drop(while: isSpace).contains(UInt8(ascii: "\n"))
    }

    /// Whether the first line ends where its object does not.
    private static func spansLines(_ text: ArraySlice<UInt8>) -> Bool {
        guard let end = text.firstIndex(of: UInt8(ascii: "\n")) else { return false }
        guard let last = text[..<end].last(where: { !isSpace($0) }) else { return false }
        return Array("{[,:".utf8).contains(last)
    }

    /// Reads a row; `nil` when it is blank.
    private func read(_ row: RowText) -> ImportedRow? {
        if !row.isTooLong, row.bytes.allSatisfy(Self.isSpace) { return nil }
        do throws(RowProblem) {
            if row.isTooLong {
                let limit = ByteCountText.format(rules.lineBytesMax)
                throw RowProblem(
                    .tooLong,
                    "the row has \(row.byteCount) bytes, more than \(limit); "
                        + "`prompts.line_bytes_max` raises the limit")
            }
            let reading = try shape.read(object(row.bytes))
            return .prompt(line: row.number, reading.prompt, notes: reading.notes)
        } catch {
            let bad = BadRow(
                file: file, line: row.number, reason: error.reason, detail: error.detail)
            return .bad(bad, raw: Array(row.bytes.prefix(Self.rawBytesMax)))
        }
    }

    private func object(_ bytes: [UInt8]) throws(RowProblem) -> JSONFields {
        guard (try? UTF8Span(validating: bytes.span)) != nil else {
            throw RowProblem(
                .notUTF8,
                "the row is not valid UTF-8; if the file is Latin-1 or of Windows, convert it: "
                    + "iconv -f WINDOWS-1252 -t UTF-8 \(file) > rows.jsonl")
        }
        let value: ExactJSON
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
                "the row is \(value.kind), not an object; an object for each prompt is expected, "
                    + "with names for its parts")
        }
        return fields
    }
}

/// Tells what a file is by its first bytes, when it is not what can be imported.
enum FileFormat {
    /// How many bytes are looked at.
    static let sampleBytes = 512

    private static let magics: [(bytes: [UInt8], name: String, way: Way)] = [
        (Array("PAR1".utf8), "a Parquet file", .pandas("read_parquet")),
        (Array("ARROW1".utf8), "an Arrow file", .pandas("read_feather")),
        ([0xff, 0xff, 0xff, 0xff], "an Arrow stream", .datasets),
        (Array("SQLite format 3".utf8), "an SQLite database", .other),
        (Array("BZh".utf8), "packed with bzip2", .pipe("bzcat")),
        ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "packed with xz", .pipe("xzcat")),
        ([0x04, 0x22, 0x4d, 0x18], "packed with lz4", .pipe("lz4cat")),
        ([0x1f, 0x8b], "packed twice, at last with gzip", .pipe("zcat FILE | zcat")),
        ([0x28, 0xb5, 0x2f, 0xfd], "packed twice, at last with zstd", .pipe("zstdcat")),
        ([0x50, 0x4b, 3, 4], "a zip archive", .unpack("unzip")),
        ([0x37, 0x7a, 0xbc, 0xaf], "a 7z archive", .unpack("7z x")),
        ([0x93] + Array("NUMPY".utf8), "a NumPy array", .other),
        ([0x89] + Array("HDF".utf8), "an HDF5 file", .other),
        (Array("%PDF".utf8), "a PDF document", .other),
        ([0x80, 2], "a Python pickle", .other), ([0x80, 3], "a Python pickle", .other),
        ([0x80, 4], "a Python pickle", .other), ([0x80, 5], "a Python pickle", .other),
        (Array("version https://git-lfs".utf8), "a pointer of Git LFS, not the file", .lfs),
        (Array("<".utf8), "HTML or XML, perhaps the page of an error", .other),
    ]

    private enum Way {
        case pandas(String), datasets, pipe(String), unpack(String), lfs, other

        func text(_ file: String) -> String {
            switch self {
            case .pandas(let reader):
                "write JSON Lines with Python: pandas.\(reader)(\"\(file)\")"
                    + ".to_json(\"rows.jsonl\", orient=\"records\", lines=True)"
            case .datasets:
                "write JSON Lines with Python: datasets.Dataset.from_file(\"\(file)\")"
                    + ".to_json(\"rows.jsonl\")"
            case .pipe(let command) where command.contains("FILE"):
                "unpack it: \(command.replacing("FILE", with: file)) > rows.jsonl"
            case .pipe(let command): "unpack it: \(command) \(file) > rows.jsonl"
            case .unpack(let command): "unpack it with \(command), and import the file within"
            case .lfs: "fetch the file itself with git lfs pull"
            case .other: "write its rows as JSON Lines, one object a line"
            }
        }
    }

    /// Why a file that begins with these bytes cannot be imported, and what to do; `nil` when it
    /// may be JSON.
    static func refusal(of head: [UInt8], file: String) -> String? {
        if let (name, code) = encoding(head) {
            return "the file is \(name), not UTF-8; convert it: iconv -f \(code) -t UTF-8 \(file) "
                + "> rows.jsonl"
        }
        if head.dropFirst(257).starts(with: "ustar".utf8) {
            return "the file is a tar archive; unpack it with tar -xf, and import the file within"
        }
        guard let found = magics.first(where: { head.starts(with: $0.bytes) }) else {
            return table(head)
        }
        return "the file is \(found.name); \(found.way.text(file))"
    }

    /// UTF-16 and UTF-32 by their marks, or by NUL beside the first sign.
    private static func encoding(_ head: [UInt8]) -> (name: String, code: String)? {
        let first = Array(head.prefix(4))
        if first == [0xff, 0xfe, 0, 0] { return ("UTF-32", "UTF-32") }
        if first.starts(with: [0xff, 0xfe]) || first.starts(with: [0xfe, 0xff]) {
            return ("UTF-16", "UTF-16")
        }
        guard first.count == 4 else { return nil }
        switch first.map({ $0 == 0 }) {
        case [false, true, false, true]: return ("UTF-16", "UTF-16LE")
        case [true, false, true, false]: return ("UTF-16", "UTF-16BE")
        case [false, true, true, true]: return ("UTF-32", "UTF-32LE")
        case [true, true, true, false]: return ("UTF-32", "UTF-32BE")
        default: return nil
        }
    }

    /// A table of values between commas or tabs, by the names in its first line.
    private static func table(_ head: [UInt8]) -> String? {
        let line = head.prefix { $0 != 10 && $0 != 13 }
        guard line.count < head.count, !line.contains(UInt8(ascii: "{")),
            !line.contains(UInt8(ascii: "[")),
            line.contains(UInt8(ascii: ",")) || line.contains(9)
        else { return nil }
        let (name, options) = line.contains(9) ? ("tab", #", sep="\t""#) : ("comma", "")
        return "the file looks like a table of \(name)-separated values; write JSON Lines with "
            + "Python: pandas.read_csv(FILE\(options)).to_json(\"rows.jsonl\", orient=\"records\", "
            + "lines=True)"
    }
}
