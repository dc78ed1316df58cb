internal import OgiveCore
internal import SwiftProtobuf

/// Writes the items of a result as columns: a pass over the items for each column that one of them
/// has, and little memory beside that of the message.
struct WrittenColumns {
    /// What each item has.
    private let flags: [ResultFlags]
    /// All that some item has.
    private let has: ResultFlags
    /// Bytes of all texts.
    let textCount: Int

    /// Looks at items that `WireCheck` passed.
    init(_ items: Span<ItemResult>) {
        flags = items.indices.map { ResultFlags(of: items, $0) }
        has = flags.reduce([]) { $0.union($1) }
        var textCount = 0
        for index in items.indices {
            textCount += items[index].completion?.content.byteCount ?? 0
        }
        self.textCount = textCount
    }

    /// Writes the message `ItemResults` of the same items.
    func write(_ items: Span<ItemResult>, to writer: inout FieldWriter) throws(WireError) {
        writer.names(1, count: items.count) { items[$0].name }
        numbers(2, items.count, &writer) { flags[$0].rawValue }
        if has.contains(.completion) { writeCompletions(of: items, to: &writer) }
        if has.contains(.seed) { wide(13, items.count, &writer) { items[$0].seed } }
        if has.contains(.sampleNanoseconds) {
            wide(14, items.count, &writer) {
                items[$0].sampleDuration.map { UInt64(bitPattern: $0.wireNanoseconds) }
            }
        }
        if has.contains(.reward) { wide(15, items.count, &writer) { items[$0].reward?.bitPattern } }
        if !has.isDisjoint(with: .rare) { try writeRare(of: items, to: &writer) }
    }

    private func writeCompletions(
        of items: Span<ItemResult>, to writer: inout FieldWriter
    ) {
        writer.texts(3, textCount) { bytes in
            for index in items.indices { items[index].completion?.content.append(to: &bytes) }
        }
        numbers(4, items.count, &writer) {
            (items[$0].completion?.content.byteCount).map(UInt32.init(wireCount:))
        }
        numbers(5, items.count, &writer) { index in
            switch items[index].completion?.finishReason {
            case nil: nil
            case .stop: 1
            case .length: 2
            case .other: 3
            }
        }
        if has.contains(.tokenCount) {
            numbers(6, items.count, &writer) {
                items[$0].completion?.tokenCount.map(UInt32.init(wireCount:))
            }
        }
        if has.contains(.logProbability) {
            wide(7, items.count, &writer) { items[$0].completion?.logProbability?.bitPattern }
        }
        if has.contains(.promptTokenCount) {
            numbers(8, items.count, &writer) {
                items[$0].completion?.promptTokenCount.map(UInt32.init(wireCount:))
            }
        }
        if has.contains(.tokenIDs) {
            lists(9, 10, items.count, &writer) {
                items[$0].completion?.tokenIDs
            } each: {
                $0.varint(UInt64(UInt32(bitPattern: $1)))
            }
        }
        if has.contains(.tokenLogProbabilities) {
            lists(11, 12, items.count, &writer) {
                items[$0].completion?.tokenLogProbabilities
            } each: {
                $0.fixed32(Float($1).bitPattern)
            }
        }
    }

    /// Columns beyond those of completions and rewards, which rarely are there.
    private func writeRare(
        of items: Span<ItemResult>, to writer: inout FieldWriter
    ) throws(WireError) {
        if has.contains(.parts) {
            lists(16, 17, items.count, &writer) {
                items[$0].parts
            } each: {
                $0.fixed64($1.bitPattern)
            }
        }
        if has.contains(.failure) {
            for index in items.indices {
                guard let failure = items[index].failure else { continue }
                writer.message(18, try Self.encoded(failure.wire))
            }
        }
        if has.contains(.givenLogProbability) {
            for index in items.indices {
                guard let value = items[index].logProbability else { continue }
                writer.message(19, try Self.encoded(value.wire))
            }
        }
        if has.contains(.scorerTokens) {
            numbers(20, items.count, &writer) {
                items[$0].scorerTokens.map { UInt32(wireCount: $0.input) }
            }
            numbers(21, items.count, &writer) {
                items[$0].scorerTokens.map { UInt32(wireCount: $0.output) }
            }
        }
        if has.contains(.policyTokens) {
            numbers(22, items.count, &writer) {
                items[$0].policyTokens.map { UInt32(wireCount: $0.input) }
            }
            numbers(23, items.count, &writer) {
                items[$0].policyTokens.map { UInt32(wireCount: $0.output) }
            }
        }
    }

    private static func encoded(_ message: some SwiftProtobuf.Message) throws(WireError) -> [UInt8]
    {
        do {
            return try message.serializedBytes()
        } catch {
            throw WireError(.tooLarge, "the message cannot be encoded", cause: error)
        }
    }

    /// Writes a packed column of the numbers of the items that have one.
    @inline(__always)
    private func numbers(
        _ field: UInt64, _ count: Int, _ writer: inout FieldWriter, _ number: (Int) -> UInt32?
    ) {
        let column = writer.open(field, about: count)
        for index in 0..<count {
            if let number = number(index) { writer.varint(UInt64(number)) }
        }
        writer.close(column)
    }

    /// Writes a packed column of numbers of eight bytes each.
    @inline(__always)
    private func wide(
        _ field: UInt64, _ count: Int, _ writer: inout FieldWriter, _ number: (Int) -> UInt64?
    ) {
        let column = writer.open(field, about: 8 * count)
        for index in 0..<count {
            if let number = number(index) { writer.fixed64(number) }
        }
        writer.close(column)
    }

    /// Writes the lists of the items that have one that is not empty: the column of their lengths,
    /// and that of all their elements.
    @inline(__always)
    private func lists<Element>(
        _ countField: UInt64, _ field: UInt64, _ count: Int, _ writer: inout FieldWriter,
        _ list: (Int) -> [Element]?, each write: (inout FieldWriter, Element) -> Void
    ) {
        var all = 0
        numbers(countField, count, &writer) { index in
            guard let count = list(index)?.count, count > 0 else { return nil }
            all += count
            return UInt32(wireCount: count)
        }
        let column = writer.open(field, about: 4 * all)
        for index in 0..<count {
            for element in list(index) ?? [] { write(&writer, element) }
        }
        writer.close(column)
    }
}

extension ResultFlags {
    /// What an item has. Its fields are read one by one: a copy of it costs more than all of them.
    init(of items: Span<ItemResult>, _ index: Int) {
        self = []
        if items[index].completion?.finishReason != nil {
            insert(.completion)
            if items[index].completion?.tokenCount != nil { insert(.tokenCount) }
            if items[index].completion?.logProbability != nil { insert(.logProbability) }
            if items[index].completion?.promptTokenCount != nil { insert(.promptTokenCount) }
            if items[index].completion?.tokenIDs?.isEmpty == false { insert(.tokenIDs) }
            if items[index].completion?.tokenLogProbabilities?.isEmpty == false {
                insert(.tokenLogProbabilities)
            }
        }
        if items[index].seed != nil { insert(.seed) }
        if items[index].sampleDuration != nil { insert(.sampleNanoseconds) }
        if items[index].reward != nil { insert(.reward) }
        if !items[index].parts.isEmpty { insert(.parts) }
        if items[index].failure?.code != nil { insert(.failure) }
        if items[index].logProbability?.sum != nil { insert(.givenLogProbability) }
        if items[index].scorerTokens != nil { insert(.scorerTokens) }
        if items[index].policyTokens != nil { insert(.policyTokens) }
    }
}
