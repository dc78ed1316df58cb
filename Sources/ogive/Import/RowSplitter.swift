/// The text of one row, as it stands in a file.
struct RowText: Hashable {
    /// The line that it begins in, from 1.
    var number: Int
    /// The bytes; of a row that is too long its first `keptBytes`.
    var bytes: [UInt8]
    /// The length of the whole row, in bytes.
    var byteCount: Int
    /// Whether the row is longer than allowed.
    var isTooLong: Bool

    /// How much is kept of a row that is too long.
    static let keptBytes = 4096
}

/// Cuts a file into the texts of its rows, with memory for one of them.
protocol RowSplitter {
    /// Takes a block; the rows of the one before must have been fetched.
    mutating func feed(_ block: [UInt8])
    /// The next whole row of the block; `nil` when another block is needed. Throws when the file
    /// makes no sense from here on.
    mutating func next() throws(RowProblem) -> RowText?
    /// The last row, at the end of the file; `nil` when there is none.
    mutating func last() throws(RowProblem) -> RowText?
}

/// The bytes of a row that has begun; of one that is too long only the beginning is kept.
struct PendingRow {
    private let bytesMax: Int
    private var kept: [UInt8] = []
    /// How many bytes the row has so far.
    private(set) var count = 0

    /// Allows rows of up to `bytesMax` bytes.
    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// Adds bytes.
    mutating func add(_ bytes: ArraySlice<UInt8>) {
        count += bytes.count
        if count <= bytesMax {
            kept += bytes
            return
        }
        // Only the beginning matters from here on.
        if kept.count < RowText.keptBytes { kept += bytes.prefix(RowText.keptBytes) }
        if kept.count > RowText.keptBytes { kept = Array(kept.prefix(RowText.keptBytes)) }
    }

    /// Ends the row that begins in this line.
    mutating func take(line: Int) -> RowText {
        let row = RowText(
            number: line, bytes: kept, byteCount: count, isTooLong: count > bytesMax)
        kept = []
        count = 0
        return row
    }
}
