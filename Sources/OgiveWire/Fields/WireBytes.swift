internal import OgiveCore

/// A place in an encoded message, and where what is read there ends.
struct Cursor {
    /// The next byte.
    var position: Int
    /// The byte behind the last one.
    let end: Int

    /// Reads from the start of a range.
    init(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    /// Whether nothing is left.
    var isAtEnd: Bool { position >= end }

    /// What is left.
    var rest: Range<Int> { position..<end }
}

/// The bytes of an envelope, read field by field; never traps, whatever they are.
///
/// Messages that come for every draw or lease are read with it. What it reads is what the proto
/// file says: the tests compare it with the generated code, which reads all other messages and
/// takes some twenty times as long, most of it for values that nobody keeps.
struct WireBytes {
    /// The number of a field, and how its value is written.
    struct Field {
        /// How a value is written, by the last three bits of its tag.
        enum Form: UInt8 {
            case varint = 0
            case fixed64 = 1
            case bytes = 2
            case fixed32 = 5
        }

        /// The number.
        let number: UInt64
        /// The form.
        let form: Form
    }

    /// All of them.
    let bytes: [UInt8]

    /// Reads an envelope.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The whole of it.
    var all: Cursor { Cursor(0..<bytes.count) }

    /// What is said of bytes that are no message.
    var fault: WireError {
        WireError(.malformed, "message of \(bytes.count) bytes is truncated or damaged")
    }

    /// The next field of a message; `nil` at its end.
    @inline(__always)
    func field(_ cursor: inout Cursor) throws(WireError) -> Field? {
        if cursor.isAtEnd { return nil }
        let tag = try varint(&cursor)
        guard let form = Field.Form(rawValue: UInt8(truncatingIfNeeded: tag & 7)), tag >= 8 else {
            throw fault
        }
        return Field(number: tag >> 3, form: form)
    }

    /// A number of up to ten bytes.
    @inline(__always)
    func varint(_ cursor: inout Cursor) throws(WireError) -> UInt64 {
        if cursor.position < cursor.end, bytes[cursor.position] < 0x80 {
            cursor.position += 1
            return UInt64(bytes[cursor.position - 1])
        }
        return try longVarint(&cursor)
    }

    @inline(never)
    private func longVarint(_ cursor: inout Cursor) throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while cursor.position < cursor.end, shift < 70 {
            let byte = bytes[cursor.position]
            cursor.position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw fault
    }

    /// A number of eight bytes.
    @inline(__always)
    func fixed64(_ cursor: inout Cursor) throws(WireError) -> UInt64 {
        guard cursor.end - cursor.position >= 8 else { throw fault }
        var value: UInt64 = 0
        for offset in 0..<8 {
            value |= UInt64(bytes[cursor.position + offset]) << UInt64(8 * offset)
        }
        cursor.position += 8
        return value
    }

    /// A number of four bytes.
    func fixed32(_ cursor: inout Cursor) throws(WireError) -> UInt32 {
        guard cursor.end - cursor.position >= 4 else { throw fault }
        var value: UInt32 = 0
        for offset in 0..<4 {
            value |= UInt32(bytes[cursor.position + offset]) << UInt32(8 * offset)
        }
        cursor.position += 4
        return value
    }

    /// Where the value of a field of bytes lies.
    func range(_ field: Field, _ cursor: inout Cursor) throws(WireError) -> Range<Int> {
        guard field.form == .bytes else { throw fault }
        let length = try varint(&cursor)
        guard length <= UInt64(cursor.end - cursor.position) else { throw fault }
        let start = cursor.position
        cursor.position += Int(length)
        return start..<cursor.position
    }

    /// The value of a field that is a number.
    func number(_ field: Field, _ cursor: inout Cursor) throws(WireError) -> UInt64 {
        guard field.form == .varint else { throw fault }
        return try varint(&cursor)
    }

    /// The value of a field that is a number of 32 bits; larger ones are cut to these.
    func number32(_ field: Field, _ cursor: inout Cursor) throws(WireError) -> UInt32 {
        UInt32(truncatingIfNeeded: try number(field, &cursor))
    }

    /// The value of a field that is a signed number.
    func signed(_ field: Field, _ cursor: inout Cursor) throws(WireError) -> Int64 {
        Int64(bitPattern: try number(field, &cursor))
    }

    /// Passes over the value of a field that is not known.
    func skip(_ field: Field, _ cursor: inout Cursor) throws(WireError) {
        switch field.form {
        case .varint: _ = try varint(&cursor)
        case .bytes: _ = try range(field, &cursor)
        case .fixed64, .fixed32:
            let length = field.form == .fixed64 ? 8 : 4
            guard cursor.end - cursor.position >= length else { throw fault }
            cursor.position += length
        }
    }
}

extension WireBytes {
    /// A text of at most so many bytes.
    func text(
        _ field: Field, _ cursor: inout Cursor, _ name: String, max bytesMax: Int
    ) throws(WireError) -> String {
        try text(try range(field, &cursor), name, max: bytesMax)
    }

    /// A text of at most so many bytes.
    func text(
        _ range: Range<Int>, _ name: String, max bytesMax: Int
    ) throws(WireError) -> String {
        if range.isEmpty { return "" }
        guard range.count <= bytesMax else {
            throw WireError(
                .tooLarge, "\(name) has \(range.count) bytes; at most \(bytesMax) are allowed")
        }
        do {
            let text = try UTF8Span(validating: bytes.span.extracting(range))
            return String(copying: text)
        } catch {
            throw WireError(.malformed, "\(name) is not UTF-8", cause: error)
        }
    }

    /// What proves a lease.
    func proof(_ range: Range<Int>, _ name: String) throws(WireError) -> SHA256Digest {
        guard let proof = SHA256Digest(bytes: Array(bytes[range])) else {
            throw WireError(
                .invalidValue,
                "\(name) has \(range.count) bytes, not \(SHA256Digest.byteCount)")
        }
        return proof
    }

    /// How many numbers a packed column has, each of which ends with a byte below 128.
    func varintCount(_ range: Range<Int>) -> Int {
        var count = 0
        for position in range where bytes[position] < 0x80 { count += 1 }
        return count
    }
}
