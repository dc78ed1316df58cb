/// Counts the elements of an encoded envelope before it is decoded.
///
/// A protobuf message of two bytes becomes a value of a hundred: 32 MiB of empty elements would
/// take gigabytes. The walk goes only where the proto file has repeated fields, so the content of
/// texts is passed over.
struct ElementCount {
    /// The messages that hold repeated fields, or messages that do.
    private enum Shape {
        case envelope, hello, model, serve, lease, prompt
        /// Its fields count, what they hold does not.
        case flat

        /// What the field of this number holds; `nil` when it need not be walked.
        func inner(_ field: UInt64) -> Shape? {
            switch (self, field) {
            case (.envelope, 10): .hello
            case (.envelope, 12), (.envelope, 13), (.envelope, 14), (.envelope, 30),
                (.envelope, 33):
                .flat
            case (.envelope, 31): .serve
            case (.envelope, 32): .lease
            case (.hello, 3), (.hello, 4): .model
            case (.hello, 6), (.model, 3), (.serve, 5), (.serve, 6), (.prompt, 3): .flat
            case (.lease, 3): .prompt
            default: nil
            }
        }
    }

    private let bytes: [UInt8]
    private let elementsMax: Int
    private var count = 0

    /// Throws `tooLarge` when an envelope has more than `max` elements, `malformed` when it ends
    /// within one.
    static func check(_ bytes: [UInt8], max: Int = WireLimits.elements) throws(WireError) {
        var walk = ElementCount(bytes: bytes, elementsMax: max)
        try walk.pass(0..<bytes.count, as: .envelope)
    }

    private init(bytes: [UInt8], elementsMax: Int) {
        self.bytes = bytes
        self.elementsMax = elementsMax
    }

    /// Walks the fields of one message. The depth is that of `Shape`, at most four.
    private mutating func pass(_ range: Range<Int>, as shape: Shape) throws(WireError) {
        var position = range.lowerBound
        while position < range.upperBound {
            count += 1
            guard count <= elementsMax else {
                throw WireError(.tooLarge, "message of more than \(elementsMax) elements")
            }
            let tag = try varint(&position, end: range.upperBound)
            switch tag & 7 {
            case 0: _ = try varint(&position, end: range.upperBound)
            case 1: try skip(8, &position, end: range.upperBound)
            case 2:
                let length = try varint(&position, end: range.upperBound)
                let start = position
                try skip(length, &position, end: range.upperBound)
                if let inner = shape.inner(tag >> 3) { try pass(start..<position, as: inner) }
            case 5: try skip(4, &position, end: range.upperBound)
            // The marks of a group, which the proto file has none of: the decoder judges them.
            default: break
            }
        }
    }

    private func varint(_ position: inout Int, end: Int) throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) where position < end {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw WireError(.malformed, "message of \(bytes.count) bytes ends within a number")
    }

    private func skip(
        _ length: UInt64, _ position: inout Int, end: Int
    ) throws(WireError) {
        guard length <= UInt64(end - position) else {
            throw WireError(.malformed, "message of \(bytes.count) bytes ends within a field")
        }
        position += Int(length)
    }
}
