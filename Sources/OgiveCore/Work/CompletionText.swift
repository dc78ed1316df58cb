internal import Glibc

/// The text of a completion as it came: a string, or a part of the message that brought it, which
/// is not copied. Two are equal when their bytes are.
package struct CompletionText: Hashable, Sendable {
    @usableFromInline enum Storage: Sendable {
        case string(String)
        case part([UInt8], start: UInt32, count: UInt32)
    }

    @usableFromInline let storage: Storage

    /// Takes a string.
    package init(_ text: String) {
        storage = .string(text)
    }

    /// Takes a part of bytes, of which the caller knows that it is UTF-8. It keeps all of them.
    package init(of bytes: [UInt8], knownToBeUTF8 range: Range<Int>) {
        precondition(range.upperBound <= bytes.count && bytes.count <= Int(UInt32.max))
        storage = .part(
            bytes, start: UInt32(range.lowerBound), count: UInt32(range.count))
    }

    /// The text as a string.
    package var string: String {
        switch storage {
        case .string(let text): text
        case .part(let bytes, let start, let count):
            String(decoding: bytes[Int(start)..<Int(start + count)], as: UTF8.self)
        }
    }

    /// Bytes of the text.
    package var byteCount: Int {
        switch storage {
        case .string(let text): text.utf8.count
        case .part(_, _, let count): Int(count)
        }
    }

    /// Calls `body` with the bytes of the text.
    @inlinable
    package func withBytes<Value, Fault: Error>(
        _ body: (Span<UInt8>) throws(Fault) -> Value
    ) throws(Fault) -> Value {
        switch storage {
        case .string(let text):
            return try body(text.utf8.span)
        case .part(let bytes, let start, let count):
            return try body(bytes.span.extracting(Int(start)..<Int(start + count)))
        }
    }

    /// Appends the bytes of the text.
    package func append(to bytes: inout [UInt8]) {
        switch storage {
        case .string(let text): bytes.append(contentsOf: text.utf8)
        case .part(let all, let start, let count):
            bytes.append(contentsOf: all[Int(start)..<Int(start + count)])
        }
    }

    /// The same text, with no bytes beside its own.
    package var alone: CompletionText {
        guard case .part(let all, let start, let count) = storage, all.count > Int(count) else {
            return self
        }
        let own = Array(all[Int(start)..<Int(start + count)])
        return CompletionText(of: own, knownToBeUTF8: 0..<own.count)
    }

    /// Whether it holds U+0000, which PostgreSQL's text cannot.
    package var hasNUL: Bool {
        withBytes { bytes in
            // Sound: memchr reads `count` bytes, which live for the whole call.
            unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe bytes.baseAddress.map { unsafe memchr($0, 0, bytes.count) != nil } ?? false
            }
        }
    }

    package static func == (left: Self, right: Self) -> Bool {
        guard left.byteCount == right.byteCount else { return false }
        return left.withBytes { left in
            right.withBytes { right in
                // Sound: both have `left.count` bytes, which live for the whole call.
                unsafe left.withUnsafeBufferPointer { left in
                    unsafe right.withUnsafeBufferPointer { right in
                        guard let first = left.baseAddress, let second = right.baseAddress
                        else { return true }
                        return unsafe memcmp(first, second, left.count) == 0
                    }
                }
            }
        }
    }

    /// A quick hash of all bytes, for tables that compare what has the same hash: two lanes of
    /// multiplications, eight bytes each. A seed that nobody knows keeps texts from being made for
    /// it.
    package func quickHash(seed: UInt64) -> UInt64 {
        withBytes { bytes in
            // Sound: they live for the whole call.
            unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe Self.quickHash(UnsafeRawBufferPointer(bytes), seed)
            }
        }
    }

    private static func quickHash(_ bytes: UnsafeRawBufferPointer, _ seed: UInt64) -> UInt64 {
        func mixed(_ left: UInt64, _ right: UInt64) -> UInt64 {
            let product = left.multipliedFullWidth(by: right)
            return product.high ^ product.low
        }
        // Odd numbers without a pattern: digits of π.
        let (one, two) = (0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7345) as (UInt64, UInt64)
        // Both lanes begin with what nobody knows: a word that is equal to its lane makes it 0.
        var (left, right) = (seed ^ one, mixed(seed ^ two, one) ^ UInt64(bytes.count))
        var place = 0
        while place + 16 <= bytes.count {
            // Sound: sixteen bytes from `place` on are within the buffer.
            let words = unsafe (
                bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self),
                bytes.loadUnaligned(fromByteOffset: place + 8, as: UInt64.self)
            )
            left = mixed(left ^ words.0, one)
            right = mixed(right ^ words.1, two)
            place += 16
        }
        while place < bytes.count {
            // Sound: the byte at `place` is within the buffer.
            left = mixed(left ^ UInt64(unsafe bytes[place]), two)
            place += 1
        }
        return mixed(left, right ^ one)
    }

    package func hash(into hasher: inout Hasher) {
        withBytes { bytes in
            // Sound: they live for the whole call.
            unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
            }
        }
    }
}

extension SHA256Digest {
    /// Hashes the bytes of a text.
    package init(hashing text: CompletionText) {
        var hasher = SHA256Hasher()
        text.withBytes { bytes in
            // Sound: they live for the whole call.
            unsafe bytes.withUnsafeBufferPointer { bytes in
                unsafe hasher.update(UnsafeRawBufferPointer(bytes))
            }
        }
        self = hasher.finish()
    }
}
