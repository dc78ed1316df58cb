/// A field of a protobuf message as it stands on the wire, without its schema.
struct ProtobufField {
    /// What a field holds.
    indirect enum Value {
        /// A number.
        case varint(UInt64)
        /// Bytes that may be a message.
        case message([ProtobufField])
        /// Bytes with a length before them.
        case bytes([UInt8])
        /// Eight or four bytes.
        case fixed([UInt8])
    }

    /// The number of the field.
    var number: UInt64
    /// What it holds.
    var value: Value

    /// The fields of a message; `nil` when the bytes are none.
    static func parse(_ bytes: ArraySlice<UInt8>, depth: Int = 0) -> [ProtobufField]? {
        var fields: [ProtobufField] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            guard let tag = varint(bytes, &index), (1...200).contains(tag >> 3) else { return nil }
            let value: Value
            switch tag & 7 {
            case 0:
                guard let number = varint(bytes, &index) else { return nil }
                value = .varint(number)
            case 2:
                guard let length = varint(bytes, &index), length <= bytes.endIndex - index else {
                    return nil
                }
                let part = bytes[index..<(index + Int(length))]
                index += Int(length)
                let inner = depth < 4 && !part.isEmpty ? parse(part, depth: depth + 1) : nil
                value = inner.map { .message($0) } ?? .bytes(Array(part))
            case 1, 5:
                let size = tag & 7 == 1 ? 8 : 4
                guard bytes.endIndex - index >= size else { return nil }
                value = .fixed(Array(bytes[index..<(index + size)]))
                index += size
            default: return nil
            }
            fields.append(ProtobufField(number: tag >> 3, value: value))
        }
        return fields
    }

    /// The field on the wire.
    func encode(to output: inout [UInt8]) {
        switch value {
        case .varint(let value):
            Self.append(number << 3, to: &output)
            Self.append(value, to: &output)
        case .message(let fields):
            var inner: [UInt8] = []
            for field in fields { field.encode(to: &inner) }
            ProtobufField(number: number, value: .bytes(inner)).encode(to: &output)
        case .bytes(let bytes):
            Self.append(number << 3 | 2, to: &output)
            Self.append(UInt64(bytes.count), to: &output)
            output += bytes
        case .fixed(let bytes):
            Self.append(number << 3 | (bytes.count == 8 ? 1 : 5), to: &output)
            output += bytes
        }
    }

    private static func varint(_ bytes: ArraySlice<UInt8>, _ index: inout Int) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) where index < bytes.endIndex {
            let byte = bytes[index]
            index += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    private static func append(_ value: UInt64, to output: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(rest))
    }
}
