internal import Glibc

/// A parameter of a statement. Text has the type that the statement asks for; everything else
/// travels with its own type.
package enum PostgresValue: Sendable, Equatable {
    /// SQL NULL.
    case null
    /// `boolean`.
    case bool(Bool)
    /// `smallint`.
    case int16(Int16)
    /// `integer`.
    case int32(Int32)
    /// `bigint`.
    case int64(Int64)
    /// `double precision`; NaN and infinities are sent as they are.
    case double(Double)
    /// Text without NUL bytes; the statement decides its type (text, uuid, an enum, …).
    case string(String)
    /// `bytea`.
    case bytes([UInt8])
    /// JSON text, as `jsonb`.
    case json(String)
    /// `integer[]`.
    case int32Array([Int32])
    /// `bigint[]`.
    case int64Array([Int64])
    /// `double precision[]`.
    case doubleArray([Double])
    /// `text[]`.
    case stringArray([String])
}

extension PostgresValue {
    /// The value, or NULL.
    package static func optional<T>(_ value: T?, _ make: (T) -> PostgresValue) -> PostgresValue {
        value.map(make) ?? .null
    }

    /// The type's number in `pg_type`; 0 lets the statement decide.
    var typeOID: UInt32 {
        switch self {
        case .null, .string: 0
        case .bool: 16
        case .int16: 21
        case .int32: 23
        case .int64: 20
        case .double: 701
        case .bytes: 17
        case .json: 3802
        case .int32Array: 1007
        case .int64Array: 1016
        case .doubleArray: 1022
        case .stringArray: 1009
        }
    }

    /// The value in PostgreSQL's binary form; nil for NULL.
    func binary() throws(PostgresError) -> [UInt8]? {
        var encoder = BinaryEncoder()
        switch self {
        case .null: return nil
        case .bool(let value): encoder.append(value)
        case .int16(let value): encoder.append(value)
        case .int32(let value): encoder.append(value)
        case .int64(let value): encoder.append(value)
        case .double(let value): encoder.append(value)
        case .string(let value): try encoder.append(value)
        case .bytes(let value): encoder.bytes = value
        case .json(let value): try encoder.appendJSONB(value)
        case .int32Array(let values): try encoder.appendArray(values)
        case .int64Array(let values): try encoder.appendArray(values)
        case .doubleArray(let values): try encoder.appendArray(values)
        case .stringArray(let values): try encoder.appendArray(values)
        }
        return encoder.bytes
    }
}

extension PostgresValue: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral
{
    package init(integerLiteral value: Int64) { self = .int64(value) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(nilLiteral: ()) { self = .null }
}

/// Builds PostgreSQL's binary representation of values (network byte order).
struct BinaryEncoder {
    /// What was built.
    var bytes: [UInt8] = []

    mutating func append<T: FixedWidthInteger>(_ value: T) {
        // Sound: the bytes are copied within the scope of the pointer.
        unsafe withUnsafeBytes(of: value.bigEndian) { raw in
            unsafe bytes.append(contentsOf: raw)
        }
    }

    /// Appends a field of eight bytes, preceded by its length.
    mutating func appendField(_ value: UInt64) {
        let words = (
            UInt32(8).bigEndian, UInt32(truncatingIfNeeded: value >> 32).bigEndian,
            UInt32(truncatingIfNeeded: value).bigEndian
        )
        // Sound: as above; three numbers of one size have no gaps.
        unsafe withUnsafeBytes(of: words) { raw in unsafe bytes.append(contentsOf: raw) }
    }

    /// Appends a field of four bytes, preceded by its length.
    mutating func appendField(_ value: UInt32) {
        let words = (UInt32(4).bigEndian, value.bigEndian)
        // Sound: as above.
        unsafe withUnsafeBytes(of: words) { raw in unsafe bytes.append(contentsOf: raw) }
    }

    mutating func append(_ value: Bool) {
        bytes.append(value ? 1 : 0)
    }

    mutating func append(_ value: Double) {
        append(value.bitPattern)
    }

    /// Appends UTF-8; throws `invalidParameter` when the text holds a NUL byte, which PostgreSQL
    /// cannot store.
    mutating func append(_ text: String) throws(PostgresError) {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        try refuseNUL(from: start)
    }

    /// The same from the bytes of a text, which must be UTF-8.
    mutating func append(text: Span<UInt8>) throws(PostgresError) {
        let start = bytes.count
        // Sound: the bytes are copied within the scope of the pointer.
        unsafe text.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        try refuseNUL(from: start)
    }

    /// Takes back what was added from `start` on, and throws, when there is a NUL byte in it.
    private mutating func refuseNUL(from start: Int) throws(PostgresError) {
        guard let nul = firstNUL(from: start) else { return }
        bytes.removeSubrange(start...)
        throw PostgresError(
            .invalidParameter,
            "The text has a NUL byte (U+0000) at byte \(nul): PostgreSQL cannot store "
                + "it in text or JSON. Remove it, or store the value as bytes.")
    }

    /// Where a zero is first, counted from `start`.
    private func firstNUL(from start: Int) -> Int? {
        unsafe bytes.withUnsafeBytes { all in
            let added = unsafe UnsafeRawBufferPointer(rebasing: all[start...])
            guard let first = added.baseAddress else { return nil }
            // Sound: memchr reads the bytes that were added, and what it finds is among them.
            return unsafe memchr(first, 0, added.count).map { unsafe UnsafeRawPointer($0) - first }
        }
    }

    /// Appends `jsonb`: a version byte and the text. The escape of NUL is refused by the server.
    mutating func appendJSONB(_ text: String) throws(PostgresError) {
        bytes.append(1)
        try append(text)
    }

    /// The same from the bytes of a text.
    mutating func appendJSONB(_ text: [UInt8]) throws(PostgresError) {
        bytes.append(1)
        let start = bytes.count
        bytes.append(contentsOf: text)
        try refuseNUL(from: start)
    }

    /// Appends a one-dimensional array: dimensions, a null flag, the element type, then elements.
    mutating func appendArray<Element: PostgresArrayElement>(
        _ values: [Element]
    ) throws(PostgresError) {
        append(Int32(values.isEmpty ? 0 : 1))
        append(Int32(0))
        append(Element.postgresTypeOID)
        if values.isEmpty { return }
        append(try BinaryEncoder.length(values.count))
        append(Int32(1))
        for value in values {
            try appendField { (encoder) throws(PostgresError) in
                try value.encodePostgresBinary(into: &encoder)
            }
        }
    }

    /// Appends what `body` writes, preceded by its length.
    mutating func appendField(
        _ body: (inout BinaryEncoder) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        let start = bytes.count
        append(Int32(0))
        try body(&self)
        let length = try BinaryEncoder.length(bytes.count - start - 4)
        let bits = UInt32(bitPattern: length)
        bytes[start] = UInt8(truncatingIfNeeded: bits >> 24)
        bytes[start + 1] = UInt8(truncatingIfNeeded: bits >> 16)
        bytes[start + 2] = UInt8(truncatingIfNeeded: bits >> 8)
        bytes[start + 3] = UInt8(truncatingIfNeeded: bits)
    }

    /// The length of a field as it stands before it.
    static func length(_ count: Int) throws(PostgresError) -> Int32 {
        // PostgreSQL allocates at most 1 GiB for one value.
        guard count < 1 << 30 else {
            throw PostgresError(
                .invalidParameter, "A value of \(count) bytes is above PostgreSQL's limit of 1 GiB."
            )
        }
        return Int32(count)
    }
}

/// A type that can be an element of an array parameter.
protocol PostgresArrayElement {
    /// The element type's number in `pg_type`.
    static var postgresTypeOID: UInt32 { get }
    /// Appends the element's binary form, without its length.
    func encodePostgresBinary(into encoder: inout BinaryEncoder) throws(PostgresError)
}

extension Int32: PostgresArrayElement {
    static var postgresTypeOID: UInt32 { 23 }
    func encodePostgresBinary(into encoder: inout BinaryEncoder) { encoder.append(self) }
}

extension Int64: PostgresArrayElement {
    static var postgresTypeOID: UInt32 { 20 }
    func encodePostgresBinary(into encoder: inout BinaryEncoder) { encoder.append(self) }
}

extension Double: PostgresArrayElement {
    static var postgresTypeOID: UInt32 { 701 }
    func encodePostgresBinary(into encoder: inout BinaryEncoder) { encoder.append(self) }
}

extension Float: PostgresArrayElement {
    static var postgresTypeOID: UInt32 { 700 }
    func encodePostgresBinary(into encoder: inout BinaryEncoder) {
        encoder.append(bitPattern)
    }
}

extension String: PostgresArrayElement {
    static var postgresTypeOID: UInt32 { 25 }
    func encodePostgresBinary(into encoder: inout BinaryEncoder) throws(PostgresError) {
        try encoder.append(self)
    }
}
