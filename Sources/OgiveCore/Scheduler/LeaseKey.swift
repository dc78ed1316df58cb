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

    private let secret: [UInt8]
    /// HMAC's two hashes, each with its padded key taken in: that is half of the work.
    private let inner: SHA256Hasher
    private let outer: SHA256Hasher

    /// Takes a secret; `nil` unless it has 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        secret = bytes
        let padded = bytes + [UInt8](repeating: 0, count: Self.blockSize - bytes.count)
        func begun(_ pad: UInt8) -> SHA256Hasher {
            var hasher = SHA256Hasher()
            hasher.update(padded.map { $0 ^ pad })
            return hasher
        }
        inner = begun(0x36)
        outer = begun(0x5C)
    }

    /// HMAC-SHA256 of a message.
    package func authenticate(_ message: [UInt8]) -> SHA256Digest {
        authenticate { $0.update(message) }
    }

    /// HMAC-SHA256 of what `write` adds.
    private func authenticate(_ write: (inout SHA256Hasher) -> Void) -> SHA256Digest {
        var (inner, outer) = (inner, outer)
        write(&inner)
        outer.update(inner.finish())
        return outer.finish()
    }

    /// What proves that a lease was granted to its holder; the claim's own proof is not looked at.
    package func proof(of claim: LeaseClaim, heldBy holder: LeaseHolder) -> SHA256Digest {
        authenticate { message in
            Self.write(
                claim.lease, claim.run, claim.prompt, claim.seedBase, items: claim.items.count,
                of: holder, to: &message)
            Self.write(claim.items.count, { claim.items[$0] }, to: &message)
        }
    }

    /// The proof of the claim to a lease; the lease's own proof is not looked at.
    package func proof(of lease: Lease, heldBy holder: LeaseHolder) -> SHA256Digest {
        authenticate { message in
            Self.write(
                lease.name, lease.run, lease.prompt.id, lease.seedBase, items: lease.items.count,
                of: holder, to: &message)
            Self.write(lease.items.count, { lease.items[$0].name }, to: &message)
        }
    }

    private static func write(
        _ name: LeaseName, _ run: RunID, _ prompt: PromptID, _ seedBase: UInt64, items: Int,
        of holder: LeaseHolder, to message: inout SHA256Hasher
    ) {
        message.update("ogive lease")
        message.update(
            (
                UInt64(bitPattern: name.term.rawValue), name.task.rawValue, name.epoch.rawValue,
                holder.worker.high
            ))
        message.update(holder.worker.low)
        let key = holder.key ?? ""
        message.update(UInt64(key.utf8.count))
        if !key.isEmpty { message.update(key) }
        message.update(
            (
                UInt64(bitPattern: run.rawValue), UInt64(bitPattern: prompt.rawValue), seedBase,
                UInt64(items)
            ))
    }

    /// Adds the names of items, each as a byte and a number of eight: all of them as one piece,
    /// which costs less than two for each.
    private static func write(
        _ count: Int, _ name: (Int) -> ItemName, to message: inout SHA256Hasher
    ) {
        var piece: [UInt8] = []
        piece.reserveCapacity(9 * count)
        for place in 0..<count {
            let name = name(place)
            piece.append(name.kind.rawValue)
            let index = UInt64(bitPattern: Int64(name.index))
            for shift in stride(from: 56, through: 0, by: -8) {
                piece.append(UInt8(truncatingIfNeeded: index >> UInt64(shift)))
            }
        }
        message.update(piece)
    }

    /// Whether a claim's proof was made for this holder. Takes the same time wherever they differ.
    package func proves(_ claim: LeaseClaim, heldBy holder: LeaseHolder) -> Bool {
        proof(of: claim, heldBy: holder).isSame(as: claim.proof)
    }

    package static func == (left: LeaseKey, right: LeaseKey) -> Bool {
        left.secret == right.secret
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(secret)
    }
}

/// Whom a lease was granted to: an incarnation, and the key of its connection where there is one.
package struct LeaseHolder: Hashable, Sendable {
    /// The incarnation.
    package var worker: WorkerID
    /// Its public key as text; `nil` on a connection without keys.
    package var key: String?

    /// Joins both.
    package init(worker: WorkerID, key: String?) {
        self.worker = worker
        self.key = key
    }
}
