internal import COpenSSL

/// A SHA-256 hash: what names samplings, scorings, prompts without a key, and the seeds of draws.
package struct SHA256Digest: Hashable, Sendable, Comparable {
    /// Bytes of a hash.
    package static let byteCount = Int(SHA256_DIGEST_LENGTH)

    /// The 32 bytes of the hash.
    package let bytes: [UInt8]

    /// Hashes `data` with libcrypto.
    package init(hashing data: some Sequence<UInt8>) {
        let input = Array(data)
        var output = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        // SHA256 reads `count` bytes of the first buffer and writes 32 into the second;
        // both live for the whole call.
        unsafe input.withUnsafeBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                _ = unsafe SHA256(source.baseAddress, source.count, target.baseAddress)
            }
        }
        bytes = output
    }

    /// Hashes the UTF-8 bytes of `text`.
    package init(hashing text: String) {
        self.init(hashing: text.utf8)
    }

    /// Takes a stored hash; `nil` unless there are exactly 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Int(SHA256_DIGEST_LENGTH) else { return nil }
        self.bytes = bytes
    }

    /// The hash as 64 lowercase hexadecimal digits.
    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    package static func < (left: SHA256Digest, right: SHA256Digest) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
