internal import OgiveCore

/// Cuts a stream of bytes into lines, with a bound on a line's length.
struct LineSplitter {
    private var rest: [UInt8] = []
    private let lineBytesMax: Int

    /// Takes the bound, in bytes.
    init(lineBytesMax: Int) {
        self.lineBytesMax = lineBytesMax
    }

    /// The lines that `bytes` complete, without their ends; throws `malformed` on a longer one.
    mutating func lines(_ bytes: [UInt8]) throws(ModelError) -> [ArraySlice<UInt8>] {
        rest += bytes
        var parts = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let last = parts.popLast() ?? []
        if let longest = (parts + [last]).map(\.count).max(), longest > lineBytesMax {
            throw ModelError(
                .malformed, "the scoring command wrote a line of more than \(lineBytesMax) bytes")
        }
        rest = Array(last)
        return parts.filter { line in line.contains { $0 != 32 && $0 != 13 && $0 != 9 } }
    }
}
