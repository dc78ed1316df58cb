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
        return "the file looks like a table of comma-separated values; write JSON Lines with "
            + "Python: pandas.read_csv(FILE).to_json(\"rows.jsonl\", orient=\"records\", "
            + "lines=True)"
    }
}
