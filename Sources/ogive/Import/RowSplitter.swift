internal import Glibc

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
        guard let end = block.firstNewline(from: index) else {
            pending.add(block[index...])
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

/// Cuts the elements of one JSON list, or objects one after the other, out of a file, whatever
/// lines they stand on. It looks at brackets and quotes only; the parser sees each value.
struct ValueSplitter: RowSplitter {
    private enum Place {
        /// Before the list.
        case start
        /// Where a value may begin; `afterComma` when one must.
        case before(afterComma: Bool)
        /// Within a list or object, so deep.
        case within(depth: Int)
        /// Within a text that is a value by itself.
        case text
        /// Within a number or word.
        case word
        /// Behind a value.
        case after
        /// Behind the list.
        case end
    }

    private let isList: Bool
    private var place: Place
    private var (isQuoted, isEscaped) = (false, false)
    private var line = 1
    private var begun = 1
    private var pending: PendingRow
    private var block: [UInt8] = []
    private var index = 0

    /// Reads a list, or objects one after the other; allows values of up to `bytesMax` bytes.
    init(list: Bool, bytesMax: Int) {
        isList = list
        place = list ? .start : .before(afterComma: false)
        pending = PendingRow(bytesMax: bytesMax)
    }

    mutating func feed(_ block: [UInt8]) {
        self.block = block
        index = 0
    }

    mutating func next() throws(RowProblem) -> RowText? {
        while index < block.count {
            switch self.place {
            case .within(let depth):
                if let row = within(depth) { return row }
            case .text:
                if let row = text() { return row }
            case .word:
                if let row = word() { return row }
            case .start, .before, .after, .end:
                try between(block[index])
            }
        }
        return nil
    }

    mutating func last() throws(RowProblem) -> RowText? {
        switch place {
        case .end, .start: return nil
        case .before(let afterComma) where !isList && !afterComma: return nil
        case .after where !isList: return nil
        case .before(afterComma: true) where !isList: return nil
        default:
            throw problem(
                isList
                    ? "the file ends within the JSON list: it was cut off"
                    : "the file ends within an object: it was cut off", line: line)
        }
    }

    /// Looks at a byte outside of values.
    private mutating func between(_ byte: UInt8) throws(RowProblem) {
        switch (byte, place) {
        case (UInt8(ascii: "\n"), _): line += 1
        case (9, _), (13, _), (32, _): break
        case (UInt8(ascii: "["), .start): place = .before(afterComma: false)
        case (UInt8(ascii: "]"), .before(afterComma: false)) where isList,
            (UInt8(ascii: "]"), .after) where isList:
            place = .end
        case (UInt8(ascii: ","), .after): place = .before(afterComma: true)
        case (UInt8(ascii: ","), _), (UInt8(ascii: "]"), _), (UInt8(ascii: "}"), _):
            throw unexpected(byte)
        case (_, .before): return begin(byte)
        case (UInt8(ascii: "{"), .after) where !isList: return begin(byte)
        default: throw unexpected(byte)
        }
        index += 1
    }

    private mutating func begin(_ byte: UInt8) {
        begun = line
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["): place = .within(depth: 0)
        case UInt8(ascii: "\""): place = .text
        default: place = .word
        }
    }

    /// Passes the brackets and texts of a value; the value when it ends in this block.
    private mutating func within(_ depth: Int) -> RowText? {
        var depth = depth
        let start = index
        while index < block.count {
            let byte = block[index]
            index += 1
            if byte == UInt8(ascii: "\n") { line += 1 }
            if passesText(byte) { continue }
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            if depth == 0 { return end(from: start) }
        }
        place = .within(depth: depth)
        pending.add(block[start...])
        return nil
    }

    /// Passes a text that is a value by itself.
    private mutating func text() -> RowText? {
        let start = index
        while index < block.count {
            let byte = block[index]
            index += 1
            if byte == UInt8(ascii: "\n") { line += 1 }
            if !passesText(byte) || !isQuoted { return end(from: start) }
        }
        pending.add(block[start...])
        return nil
    }

    /// Whether the byte belongs to a text or its quotes.
    private mutating func passesText(_ byte: UInt8) -> Bool {
        if isEscaped {
            isEscaped = false
            return true
        }
        if byte == UInt8(ascii: "\"") {
            isQuoted.toggle()
            return true
        }
        if isQuoted, byte == UInt8(ascii: "\\") { isEscaped = true }
        return isQuoted
    }

    private mutating func word() -> RowText? {
        let ends: [UInt8] = [
            9, 10, 13, 32, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"),
        ]
        let rest = block[index...]
        guard let end = rest.firstIndex(where: ends.contains) else {
            pending.add(rest)
            index = block.count
            return nil
        }
        let start = index
        index = end
        return self.end(from: start)
    }

    private mutating func end(from start: Int) -> RowText {
        pending.add(block[start..<index])
        place = .after
        return pending.take(line: begun)
    }

    private func unexpected(_ byte: UInt8) -> RowProblem {
        let sign = (33..<127).contains(byte) ? "`\(Character(UnicodeScalar(byte)))`" : "a byte"
        let place =
            switch self.place {
            case .end: "after the end of the JSON list"
            case .after: isList ? "where `,` or `]` was expected" : "after the end of an object"
            default: "where a value was expected"
            }
        return problem("\(sign) \(place)", line: line)
    }

    private func problem(_ text: String, line: Int) -> RowProblem {
        RowProblem(.notJSON, "line \(line): \(text)")
    }
}

extension [UInt8] {
    /// Where the next line feed is, at `start` or after it.
    fileprivate func firstNewline(from start: Int) -> Int? {
        unsafe withUnsafeBytes { all in
            let rest = unsafe UnsafeRawBufferPointer(rebasing: all[start...])
            guard let first = rest.baseAddress else { return nil }
            // Sound: memchr reads the bytes of the array, and what it finds is among them.
            return unsafe memchr(first, 10, rest.count).map {
                unsafe UnsafeRawPointer($0) - first + start
            }
        }
    }
}
