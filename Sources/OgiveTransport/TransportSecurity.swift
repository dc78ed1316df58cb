/// What a coordinator proves itself with, and whom it lets in.
package struct CoordinatorSecurity: Sendable {
    /// The coordinator's own keys.
    package var pair: KeyPair
    /// The workers that may connect.
    package var authorized: AuthorizedKeys

    /// Joins both.
    package init(pair: KeyPair, authorized: AuthorizedKeys) {
        self.pair = pair
        self.authorized = authorized
    }
}

/// What a worker proves itself with, and by which keys it knows a coordinator.
package struct WorkerSecurity: Sendable {
    /// The worker's own keys.
    package var pair: KeyPair
    /// The keys of coordinators, tried one after the other; asked for again after each failure, so
    /// that a file may change meanwhile.
    package var coordinatorKeys: @Sendable () throws(TransportError) -> [PublicKey]

    /// Joins both.
    package init(
        pair: KeyPair,
        coordinatorKeys: @escaping @Sendable () throws(TransportError) -> [PublicKey]
    ) {
        self.pair = pair
        self.coordinatorKeys = coordinatorKeys
    }
}
