/// The secret under which a lease is proved: whoever has it can tell a lease that was granted from
/// one that was invented, without remembering any.
///
/// It is kept in the database, so that a coordinator of a later term knows the leases of an earlier
/// one. A proof is HMAC-SHA256 (RFC 2104) over the lease's name, holder, run, prompt, seeds and
/// items; only coordinators make and check it.
package struct LeaseKey: Hashable, Sendable {
    /// Bytes of a key.
    package static let byteCount = 32
    /// Bytes of a block of SHA-256.
    private static let blockSize = 64

    private let inner: [UInt8]
    private let outer: [UInt8]

    /// Takes a secret; `nil` unless it has 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        let padded = bytes + [UInt8](repeating: 0, count: Self.blockSize - bytes.count)
        inner = padded.map { $0 ^ 0x36 }
        outer = padded.map { $0 ^ 0x5C }
    }

    /// HMAC-SHA256 of a message.
    package func authenticate(_ message: [UInt8]) -> SHA256Digest {
        SHA256Digest(hashing: outer + SHA256Digest(hashing: inner + message).bytes)
    }

    /// What proves that a lease was granted to its holder; the claim's own proof is not looked at.
    package func proof(of claim: LeaseClaim, heldBy holder: LeaseHolder) -> SHA256Digest {
        var message = Array("ogive lease".utf8)
        message.reserveCapacity(128 + 5 * claim.items.count)
        func append(_ number: UInt64) {
            for shift in stride(from: 56, through: 0, by: -8) {
                message.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
            }
        }
        append(UInt64(bitPattern: claim.lease.term.rawValue))
        append(claim.lease.task.rawValue)
        append(claim.lease.epoch.rawValue)
        message += holder.worker.bytes
        let key = Array((holder.key ?? "").utf8)
        append(UInt64(key.count))
        message += key
        append(UInt64(bitPattern: claim.run.rawValue))
        append(UInt64(bitPattern: claim.prompt.rawValue))
        append(claim.seedBase)
        append(UInt64(claim.items.count))
        for item in claim.items {
            message.append(item.kind.rawValue)
            append(UInt64(bitPattern: Int64(item.index)))
        }
        return authenticate(message)
    }

    /// Whether a claim's proof was made for this holder. Takes the same time wherever they differ.
    package func proves(_ claim: LeaseClaim, heldBy holder: LeaseHolder) -> Bool {
        let expected = proof(of: claim, heldBy: holder).bytes
        return zip(expected, claim.proof.bytes).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
