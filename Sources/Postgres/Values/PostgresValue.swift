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
