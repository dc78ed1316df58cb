package import OgiveCore

extension SHA256Digest {
    /// In the place of a lease's proof, where nobody looks at it.
    package static let unproved = SHA256Digest(hashing: "no proof")
}

extension LeaseClaim {
    /// The same with the proof of a coordinator whose database has the secret of the tests.
    package func proved(for worker: WorkerID, key: String? = nil) -> LeaseClaim {
        var claim = self
        claim.proof = MemoryDatabase.leaseKey.proof(
            of: self, heldBy: LeaseHolder(worker: worker, key: key))
        return claim
    }
}
