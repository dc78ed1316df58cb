internal import COpenSSL

/// A SHA-256 hash: what names samplings, scorings, prompts without a key, and the seeds of draws.
package struct SHA256Digest: Hashable, Sendable, Comparable {
    /// Bytes of a hash.
    package static let byteCount = 32

    /// The hash as it lies in memory.
    typealias Words = (UInt64, UInt64, UInt64, UInt64)

    /// The hash as four numbers, the first byte the most significant of the first: kept in the
    /// value itself, where an array would be an allocation.
    let first, second, third, fourth: UInt64

    /// Hashes `data` with libcrypto.
    package init(hashing data: some Sequence<UInt8>) {
        var hasher = SHA256Hasher()
        // The storage lives for the whole call.
        let isDone: Void? = data.withContiguousStorageIfAvailable { bytes in
            unsafe hasher.update(UnsafeRawBufferPointer(bytes))
        }
        if isDone == nil { hasher.update(Array(data)) }
        self = hasher.finish()
    }

    /// Hashes the UTF-8 bytes of `text`.
    package init(hashing text: String) {
        var hasher = SHA256Hasher()
        hasher.update(text)
        self = hasher.finish()
    }

    /// Takes a stored hash; `nil` unless there are exactly 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        var words: Words = (0, 0, 0, 0)
        // The target has as many bytes as the array.
        unsafe withUnsafeMutableBytes(of: &words) { unsafe $0.copyBytes(from: bytes) }
        self.init(inMemory: words)
    }

    /// Takes the 32 bytes of four numbers.
    init(inMemory words: Words) {
        first = UInt64(bigEndian: words.0)
        second = UInt64(bigEndian: words.1)
        third = UInt64(bigEndian: words.2)
        fourth = UInt64(bigEndian: words.3)
    }

    /// The 32 bytes of the hash.
    package var bytes: [UInt8] {
        // They are copied within the call.
        unsafe withBytes { unsafe Array($0) }
    }

    /// Appends the 32 bytes of the hash.
    package func append(to bytes: inout [UInt8]) {
        // They are copied within the call.
        unsafe withBytes { unsafe bytes.append(contentsOf: $0) }
    }

    /// Calls `body` with the 32 bytes, which are valid for the call.
    @unsafe func withBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        let words: Words = (
            first.bigEndian, second.bigEndian, third.bigEndian, fourth.bigEndian
        )
        // The numbers live for the whole call.
        return unsafe withUnsafeBytes(of: words, body)
    }

    /// Whether both are the same; takes the same time wherever they differ.
    func isSame(as other: SHA256Digest) -> Bool {
        (first ^ other.first) | (second ^ other.second) | (third ^ other.third)
            | (fourth ^ other.fourth) == 0
    }

    /// The hash as 64 lowercase hexadecimal digits.
    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(Self.byteCount * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    package static func < (left: SHA256Digest, right: SHA256Digest) -> Bool {
        (left.first, left.second, left.third, left.fourth)
            < (right.first, right.second, right.third, right.fourth)
    }
}

/// A SHA-256 hash of data that comes in pieces. A copy goes on from where it was made, by itself.
package struct SHA256Hasher: Sendable {
    // libcrypto's plain structure: its newer interface allocates and looks the algorithm up each
    // time, which costs more than the hash of something short.
    private var context = SHA256_CTX()

    /// Begins with no data.
    package init() {
        // Writes the structure that it is given; it cannot fail.
        _ = unsafe SHA256_Init(&context)
    }

    /// Adds a piece.
    package mutating func update(_ piece: [UInt8]) {
        // The array lives for the whole call.
        unsafe piece.withUnsafeBytes { unsafe update($0) }
    }

    /// Adds the UTF-8 bytes of a text.
    package mutating func update(_ text: String) {
        var text = text
        // The text's bytes live for the whole call.
        text.withUTF8 { unsafe update(UnsafeRawBufferPointer($0)) }
    }

    /// Adds a number as eight bytes, the most significant first.
    package mutating func update(_ number: UInt64) {
        // The number lives for the whole call.
        unsafe withUnsafeBytes(of: number.bigEndian) { unsafe update($0) }
    }

    /// Adds four numbers: one piece costs less than four.
    package mutating func update(_ numbers: (UInt64, UInt64, UInt64, UInt64)) {
        let bytes = (
            numbers.0.bigEndian, numbers.1.bigEndian, numbers.2.bigEndian, numbers.3.bigEndian
        )
        // The numbers live for the whole call, and nothing lies between them.
        unsafe withUnsafeBytes(of: bytes) { unsafe update($0) }
    }

    /// Adds the bytes of a hash.
    package mutating func update(_ digest: SHA256Digest) {
        // The bytes live for the whole call.
        unsafe digest.withBytes { unsafe update($0) }
    }

    /// Adds what lies at `bytes`.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        // Reads `count` bytes there, which the caller keeps for the whole call.
        _ = unsafe SHA256_Update(&context, bytes.baseAddress, bytes.count)
    }

    /// The hash of all pieces; nothing may be added after it.
    package mutating func finish() -> SHA256Digest {
        var words: SHA256Digest.Words = (0, 0, 0, 0)
        // Writes 32 bytes, which is the size of the four numbers.
        unsafe withUnsafeMutableBytes(of: &words) { output in
            _ = unsafe SHA256_Final(
                output.baseAddress?.assumingMemoryBound(to: UInt8.self), &context)
        }
        return SHA256Digest(inMemory: words)
    }
}
