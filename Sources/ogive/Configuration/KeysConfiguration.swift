internal import Logging
internal import OgiveTransport

extension ConfigurationSection {
    /// Public keys: digits as they are, anything else as a path.
    func coordinatorKeys(_ key: String, _ about: String, example: String) -> [String] {
        (texts(key, about, example: example) ?? []).map { text in
            if text.isEmpty { report(key, "must not be empty") }
            return PublicKey(text) == nil ? reading.resolve(text) : text
        }
    }
}

extension CoordinatorSettings {
    /// The coordinator's keys, read now; `nil` when none are configured. Throws `TransportError`.
    func security(_ logger: Logger) throws(TransportError) -> CoordinatorSecurity? {
        guard let key, let authorizedKeys else { return nil }
        return CoordinatorSecurity(
            pair: try KeyFile.pair(key),
            authorized: try AuthorizedKeys(folder: authorizedKeys, logger: logger))
    }
}

extension WorkerSettings {
    /// The worker's keys; `nil` when none are configured. Throws `TransportError`. The
    /// coordinator's are read whenever a connection is tried, so that they may change.
    func security() throws(TransportError) -> WorkerSecurity? {
        guard let key else { return nil }
        let references = coordinatorKeys
        return WorkerSecurity(pair: try KeyFile.pair(key)) { () throws(TransportError) in
            var keys: [PublicKey] = []
            for reference in references {
                if let key = PublicKey(reference) {
                    keys.append(key)
                } else {
                    keys.append(try KeyFile.publicKey(reference))
                }
            }
            return keys
        }
    }
}
