internal import COpenSSL

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

    /// Adds a byte.
    package mutating func update(byte: UInt8) {
        // The byte lives for the whole call.
        unsafe withUnsafeBytes(of: byte) { unsafe update($0) }
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
