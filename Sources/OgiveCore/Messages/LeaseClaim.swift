/// What a lease gives a right to, with what proves that it was granted: a worker sends it with
/// everything that it says of the lease.
package struct LeaseClaim: Hashable, Sendable {
    /// The lease.
    package var lease: LeaseName
    /// Its run.
    package var run: RunID
    /// Its prompt.
    package var prompt: PromptID
    /// The seed of draw 0.
    package var seedBase: UInt64
    /// All of its items, in the lease's order.
    package var items: [ItemName]
    /// The coordinator's proof (`LeaseKey`).
    package var proof: SHA256Digest

    /// Joins the parts.
    package init(
        lease: LeaseName, run: RunID, prompt: PromptID, seedBase: UInt64, items: [ItemName],
        proof: SHA256Digest
    ) {
        self.lease = lease
        self.run = run
        self.prompt = prompt
        self.seedBase = seedBase
        self.items = items
        self.proof = proof
    }
}

extension Lease {
    /// The claim to it.
    package var claim: LeaseClaim {
        LeaseClaim(
            lease: name, run: run, prompt: prompt.id, seedBase: seedBase, items: items.map(\.name),
            proof: proof)
    }
}
