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
