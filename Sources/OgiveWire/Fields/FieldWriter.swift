internal import OgiveCore

/// Writes messages field by field, as `WireBytes` reads them and in the form that the generated
/// code writes: fields in ascending order, none that has its default.
struct FieldWriter {
    /// What is written.
    private(set) var bytes: [UInt8] = []

    /// Begins with room for so many bytes.
    init(capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    /// Bytes that a number takes.
    static func length(_ number: UInt64) -> Int {
        (63 - (number | 1).leadingZeroBitCount) / 7 + 1
    }

    /// Writes a number.
    @inline(__always)
    mutating func varint(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    private mutating func tag(_ field: UInt64, _ form: WireBytes.Field.Form) {
        varint(field << 3 | UInt64(form.rawValue))
    }

    /// Writes a field of a number, unless that is 0.
    mutating func number(_ field: UInt64, _ number: UInt64) {
        if number == 0 { return }
        tag(field, .varint)
        varint(number)
    }

    /// Writes a field of a signed number, unless that is 0.
    mutating func signed(_ field: UInt64, _ number: Int64) {
        self.number(field, UInt64(bitPattern: number))
    }

    /// Writes a field of four bytes.
    mutating func fixed32(_ field: UInt64, _ number: UInt32) {
        tag(field, .fixed32)
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    /// Writes a field of a text, also of an empty one where `isAlways`.
    mutating func text(_ field: UInt64, _ text: String, isAlways: Bool = false) {
        if text.isEmpty, !isAlways { return }
        tag(field, .bytes)
        varint(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// Writes a field of bytes, unless there are none.
    mutating func bytes(_ field: UInt64, _ content: [UInt8]) {
        if content.isEmpty { return }
        message(field, content)
    }

    /// Writes a field of a message that is encoded already.
    mutating func message(_ field: UInt64, _ content: [UInt8]) {
        tag(field, .bytes)
        varint(UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    /// Writes the bytes of a hash.
    mutating func bytes(_ field: UInt64, _ digest: SHA256Digest) {
        tag(field, .bytes)
        varint(UInt64(SHA256Digest.byteCount))
        digest.append(to: &bytes)
    }

    /// Writes a field of what `body` writes, of about so many bytes.
    mutating func message(
        _ field: UInt64, about bytesExpected: Int = 0, _ body: (inout FieldWriter) -> Void
    ) {
        let open = open(field, about: bytesExpected)
        body(&self)
        close(open)
    }

    /// A field whose content is being written: where its length is to stand, and how many bytes are
    /// kept for that.
    struct Open {
        let start: Int
        let expected: Int

        /// Where the content begins.
        var contentStart: Int { start + expected }
    }

    /// Begins a field of about so many bytes.
    mutating func open(_ field: UInt64, about bytesExpected: Int) -> Open {
        tag(field, .bytes)
        let open = Open(start: bytes.count, expected: Self.length(UInt64(bytesExpected)))
        for _ in 0..<open.expected { bytes.append(0) }
        return open
    }

    /// Takes back all that was written from a place on.
    mutating func cut(to count: Int) {
        bytes.removeLast(bytes.count - count)
    }

    /// Ends a field: puts the length of what was written since `open` where it stands.
    mutating func close(_ open: Open) {
        let (start, expected) = (open.start, open.expected)
        let count = UInt64(bytes.count - start - expected)
        let needed = Self.length(count)
        if needed > expected {
            bytes.insert(contentsOf: repeatElement(0, count: needed - expected), at: start)
        } else if needed < expected {
            bytes.removeSubrange(start..<(start + expected - needed))
        }
        var rest = count
        for offset in 0..<needed {
            let more: UInt8 = offset + 1 < needed ? 0x80 : 0
            bytes[start + offset] = UInt8(truncatingIfNeeded: rest & 0x7F) | more
            rest >>= 7
        }
    }

    /// Writes the texts of a column.
    mutating func texts(_ field: UInt64, _ count: Int, _ body: (inout [UInt8]) -> Void) {
        if count == 0 { return }
        tag(field, .bytes)
        varint(UInt64(count))
        body(&bytes)
    }

    /// Writes a packed column of numbers, unless it is empty.
    mutating func column(_ field: UInt64, _ numbers: [UInt32]) {
        if numbers.isEmpty { return }
        message(field, about: numbers.count) { writer in
            for number in numbers { writer.varint(UInt64(number)) }
        }
    }

    /// Writes a number of eight bytes of a column.
    @inline(__always)
    mutating func fixed64(_ number: UInt64) {
        // Sound: the bytes are copied within the scope of the pointer.
        unsafe withUnsafeBytes(of: number.littleEndian) {
            unsafe bytes.append(contentsOf: $0)
        }
    }

    /// Writes a number of four bytes of a column.
    @inline(__always)
    mutating func fixed32(_ number: UInt32) {
        // Sound: the bytes are copied within the scope of the pointer.
        unsafe withUnsafeBytes(of: number.littleEndian) {
            unsafe bytes.append(contentsOf: $0)
        }
    }
}
