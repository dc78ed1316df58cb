internal import COpenSSL

// Safe to use: the pointer never leaves this value, which alone owns what it points to.
/// A SHA-256 hash of data that comes in pieces.
@safe package struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer

    /// Begins with no data.
    package init() {
        // EVP_MD_CTX_new answers null only when there is no memory at all.
        guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("no memory") }
        // The algorithm is built in and the context is new: it cannot fail.
        let isReady = unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
        precondition(isReady, "libcrypto has SHA-256")
        unsafe self.context = unsafe context
    }

    deinit {
        // The context is this value's own.
        unsafe EVP_MD_CTX_free(context)
    }

    /// Adds a piece.
    package mutating func update(_ piece: [UInt8]) {
        let context = unsafe self.context
        // Reads `count` bytes of the array, which lives for the whole call.
        unsafe piece.withUnsafeBytes { bytes in
            _ = unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        }
    }

    /// The hash of all pieces; nothing may be added after it.
    package mutating func finish() -> SHA256Digest {
        var output = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        let context = unsafe self.context
        // Writes 32 bytes into the array, which lives for the whole call.
        unsafe output.withUnsafeMutableBufferPointer { target in
            _ = unsafe EVP_DigestFinal_ex(context, target.baseAddress, nil)
        }
        guard let digest = SHA256Digest(bytes: output) else {
            preconditionFailure("a hash has 32 bytes")
        }
        return digest
    }
}
