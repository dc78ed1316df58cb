/// Cuts JSON Lines: a row a line.
struct LineSplitter: RowSplitter {
    private var number = 1
    private var pending: PendingRow
    private var block: [UInt8] = []
    private var index = 0

    /// Allows lines of up to `bytesMax` bytes.
    init(bytesMax: Int) {
        pending = PendingRow(bytesMax: bytesMax)
    }

    mutating func feed(_ block: [UInt8]) {
        self.block = block
        index = 0
    }

    mutating func next() -> RowText? {
        guard index < block.count else { return nil }
        let rest = block[index...]
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
            pending.add(rest)
            index = block.count
            return nil
        }
        pending.add(block[index..<end])
        index = end + 1
        return take()
    }

    mutating func last() -> RowText? {
        pending.count > 0 ? take() : nil
    }

    private mutating func take() -> RowText {
        defer { number += 1 }
        return pending.take(line: number)
    }
}
