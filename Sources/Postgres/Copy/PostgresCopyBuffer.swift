/// Rows in the binary format of COPY, built in memory: `row` for each row, then `copyIn`.
///
/// The columns of a row must be written in the order of the COPY statement and with exactly the
/// types of the table: binary COPY converts nothing.
package struct PostgresCopyBuffer: Sendable {
    /// The number of complete rows.
    package private(set) var rowCount = 0
    var encoder: BinaryEncoder

    /// Makes a buffer without rows, with room for so many bytes of them.
    package init(capacity: Int = 0) {
        encoder = BinaryEncoder()
        encoder.bytes.reserveCapacity(capacity + PostgresCopyBuffer.header.count)
        encoder.bytes.append(contentsOf: PostgresCopyBuffer.header)
    }

    /// The size of the rows so far, in bytes, for deciding when to send them.
    package var byteCount: Int { encoder.bytes.count }

    /// Appends one row of `columns` columns, which `write` must append one after the other.
    ///
    /// When `write` throws, the row is taken back. Throws `misuse` when `write` appended another
    /// number of columns.
    package mutating func row(
        columns: Int16, _ write: (inout PostgresCopyRow) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        let start = encoder.bytes.count
        encoder.append(columns)
        var row = PostgresCopyRow(encoder: encoder)
        // The buffer must have one owner while the row grows, or each row would copy it.
        encoder.bytes = []
        defer { encoder = row.encoder }
        do throws(PostgresError) {
            try write(&row)
            guard row.columnCount == columns else {
                throw PostgresError(
                    .misuse, "A COPY row of \(columns) columns was given \(row.columnCount).")
            }
        } catch {
            row.encoder.bytes.removeSubrange(start...)
            throw error
        }
        rowCount += 1
    }

    /// Takes all rows out but keeps the memory.
    package mutating func removeAll() {
        encoder.bytes.removeSubrange(PostgresCopyBuffer.header.count...)
        rowCount = 0
    }

    /// The length of what precedes the rows.
    static var headerByteCount: Int { header.count }

    /// Signature, flags and the length of the header's extension.
    private static let header: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0x00] + [0, 0, 0, 0] + [0, 0, 0, 0]
}

/// The columns of one row in the making.
package struct PostgresCopyRow: ~Copyable {
    var encoder: BinaryEncoder
    private(set) var columnCount: Int16 = 0

    init(encoder: BinaryEncoder) {
        self.encoder = encoder
    }

    /// Appends NULL.
    package mutating func appendNull() {
        columnCount += 1
        encoder.append(Int32(-1))
    }

    /// Appends a `boolean`.
    package mutating func append(_ value: Bool) {
        fixed(1)
        encoder.append(value)
    }

    /// Appends a `smallint`.
    package mutating func append(_ value: Int16) {
        fixed(2)
        encoder.append(value)
    }

    /// Appends an `integer`.
    package mutating func append(_ value: Int32) {
        columnCount += 1
        encoder.appendField(UInt32(bitPattern: value))
    }

    /// Appends a `bigint`.
    package mutating func append(_ value: Int64) {
        columnCount += 1
        encoder.appendField(UInt64(bitPattern: value))
    }

    /// Appends a `double precision`.
    package mutating func append(_ value: Double) {
        columnCount += 1
        encoder.appendField(value.bitPattern)
    }

    /// Appends a `real`.
    package mutating func append(_ value: Float) {
        columnCount += 1
        encoder.appendField(value.bitPattern)
    }

    /// Appends `text`; throws `invalidParameter` when it holds a NUL byte.
    package mutating func append(_ value: String) throws(PostgresError) {
        try field { (encoder) throws(PostgresError) in try encoder.append(value) }
    }

    /// Appends `text` from its bytes, which must be UTF-8; throws as above.
    package mutating func append(text: Span<UInt8>) throws(PostgresError) {
        fixed(try BinaryEncoder.length(text.count))
        try encoder.append(text: text)
    }

    /// Appends a `uuid` from its two halves.
    package mutating func append(uuid high: UInt64, _ low: UInt64) {
        fixed(16)
        encoder.append(high)
        encoder.append(low)
    }

    /// Appends a `bytea`.
    package mutating func append(bytes: [UInt8]) throws(PostgresError) {
        try field { (encoder) throws(PostgresError) in
            encoder.bytes.append(contentsOf: bytes)
        }
    }

    /// Appends a `jsonb` from its text.
    package mutating func append(jsonb: String) throws(PostgresError) {
        try field { (encoder) throws(PostgresError) in try encoder.appendJSONB(jsonb) }
    }

    /// Appends a `jsonb` from the bytes of its text, which must be UTF-8.
    package mutating func append(jsonb bytes: [UInt8]) throws(PostgresError) {
        try field { (encoder) throws(PostgresError) in try encoder.appendJSONB(bytes) }
    }

    /// Appends an `integer[]`.
    package mutating func append(_ values: [Int32]) throws(PostgresError) {
        try field { (encoder) throws(PostgresError) in try encoder.appendArray(values) }
    }

    /// Appends a `bigint[]`.
    package mutating func append(_ values: [Int64]) throws(PostgresError) {
        try field { (encoder) throws(PostgresError) in try encoder.appendArray(values) }
    }

    /// Appends a `double precision[]`.
    package mutating func append(_ values: [Double]) throws(PostgresError) {
        try field { (encoder) throws(PostgresError) in try encoder.appendArray(values) }
    }

    /// Appends a `real[]`.
    package mutating func append(_ values: [Float]) throws(PostgresError) {
        try field { (encoder) throws(PostgresError) in try encoder.appendArray(values) }
    }

    /// Appends a `text[]`.
    package mutating func append(_ values: [String]) throws(PostgresError) {
        try field { (encoder) throws(PostgresError) in try encoder.appendArray(values) }
    }

    /// Appends a `timestamptz`, given in microseconds since 1970-01-01 00:00 UTC.
    package mutating func append(timestampMicroseconds value: Int64) {
        // PostgreSQL counts from 2000-01-01.
        append(value - 946_684_800_000_000)
    }

    /// Appends a `uuid` of 16 bytes.
    package mutating func append(uuid: [UInt8]) throws(PostgresError) {
        guard uuid.count == 16 else {
            throw PostgresError(.invalidParameter, "A UUID has 16 bytes, not \(uuid.count).")
        }
        try append(bytes: uuid)
    }

    /// Appends a value of a type that is only known at run time.
    package mutating func append(_ value: PostgresValue) throws(PostgresError) {
        guard let bytes = try value.binary() else {
            appendNull()
            return
        }
        try append(bytes: bytes)
    }

    private mutating func fixed(_ length: Int32) {
        columnCount += 1
        encoder.append(length)
    }

    private mutating func field(
        _ body: (inout BinaryEncoder) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        columnCount += 1
        try encoder.appendField(body)
    }
}
