/// Cuts blocks of bytes into lines; of a line that is too long only the beginning is kept.
struct LineSplitter {
    /// A line without its end.
    struct Line: Hashable {
        /// The number from 1.
        var number: Int
        /// The bytes; of a line that is too long its first `keptBytes`.
        var bytes: [UInt8]
        /// The length of the whole line, in bytes.
        var byteCount: Int
        /// Whether the line is longer than allowed.
        var isTooLong: Bool
    }

    /// How much is kept of a line that is too long.
    static let keptBytes = 4096

    private let bytesMax: Int
    private var number = 1
    private var pending: [UInt8] = []
    private var pendingCount = 0
    private var block: [UInt8] = []
    private var index = 0

    /// Allows lines of up to `bytesMax` bytes.
    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// Takes a block; the lines of the one before must have been fetched.
    mutating func feed(_ block: [UInt8]) {
        self.block = block
        index = 0
    }

    /// The next whole line of the block; `nil` when another block is needed.
    mutating func next() -> Line? {
        guard index < block.count else { return nil }
        let rest = block[index...]
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
            keep(rest)
            index = block.count
            return nil
        }
        keep(block[index..<end])
        index = end + 1
        return take()
    }

    /// The last line, when it has no end of its own; `nil` when there is none.
    mutating func last() -> Line? {
        pendingCount > 0 ? take() : nil
    }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) {
        pendingCount += bytes.count
        if pendingCount <= bytesMax {
            pending += bytes
            return
        }
        // Only the beginning matters from here on.
        if pending.count < Self.keptBytes { pending += bytes.prefix(Self.keptBytes) }
        if pending.count > Self.keptBytes {
            pending = Array(pending.prefix(Self.keptBytes))
        }
    }

    private mutating func take() -> Line {
        let line = Line(
            number: number, bytes: pending, byteCount: pendingCount,
            isTooLong: pendingCount > bytesMax)
        number += 1
        pending = []
        pendingCount = 0
        return line
    }
}
