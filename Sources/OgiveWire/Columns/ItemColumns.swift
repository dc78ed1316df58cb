internal import OgiveCore

/// Reads names of items from their two columns.
struct ItemColumns {
    /// How many there are, as the column of indexes says.
    private(set) var count = 0
    private var kinds = Cursor(0..<0)
    private var indexes = Cursor(0..<0)

    /// No names.
    init() {}

    /// Finds the columns of the message in a range. Throws when they differ in length, or are too
    /// long.
    init(_ wire: WireBytes, _ range: Range<Int>) throws(WireError) {
        var cursor = Cursor(range)
        while let field = try wire.field(&cursor) {
            switch field.number {
            case 1: kinds = Cursor(try wire.range(field, &cursor))
            case 2: indexes = Cursor(try wire.range(field, &cursor))
            default: try wire.skip(field, &cursor)
            }
        }
        count = wire.varintCount(indexes.rest)
        let kindCount = wire.varintCount(kinds.rest)
        guard count == kindCount else {
            throw WireError(
                .invalidValue, "item_names has \(kindCount) kinds and \(count) indexes")
        }
        guard count <= WireLimits.items else {
            throw WireError(
                .tooLarge,
                "item_names has \(count) entries; at most \(WireLimits.items) are allowed")
        }
    }

    /// The next name; `nil` after the last one.
    mutating func next(_ wire: WireBytes) throws(WireError) -> ItemName? {
        if indexes.isAtEnd { return nil }
        let kind = try wire.varint(&kinds)
        let index = UInt32(truncatingIfNeeded: try wire.varint(&indexes))
        guard index <= Int32.max else {
            throw WireError(
                .invalidValue, "item.index is \(index); at most \(Int32.max) is allowed")
        }
        switch kind {
        case 1: return .draw(Int32(index))
        case 2: return .candidate(Int32(index))
        case 3: return .candidateLogProbability(Int32(index))
        default: throw WireError(.invalidValue, "item.kind is \(kind)")
        }
    }

    /// All names.
    static func names(_ wire: WireBytes, _ range: Range<Int>) throws(WireError) -> [ItemName] {
        var columns = try ItemColumns(wire, range)
        var names: [ItemName] = []
        names.reserveCapacity(columns.count)
        while let name = try columns.next(wire) { names.append(name) }
        return names
    }
}

extension FieldWriter {
    /// Writes the columns of names.
    mutating func names(
        _ field: UInt64, count: Int, isAlways: Bool = false, _ name: (Int) -> ItemName
    ) {
        if count == 0, !isAlways { return }
        message(field, about: 3 * count) { writer in
            if count == 0 { return }
            writer.message(1, about: count) { writer in
                for index in 0..<count { writer.varint(name(index).kind.wireNumber) }
            }
            writer.message(2, about: count) { writer in
                for index in 0..<count {
                    writer.varint(UInt64(UInt32(bitPattern: name(index).index)))
                }
            }
        }
    }
}

extension ItemName.Kind {
    /// The number of the kind in the proto file.
    fileprivate var wireNumber: UInt64 { UInt64(rawValue) + 1 }
}
