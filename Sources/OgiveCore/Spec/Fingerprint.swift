/// What identifies a model as served: model id, chat template hash, server and version, …
///
/// A sampling holds draws of one policy fingerprint only, a scoring rewards of one scorer
/// fingerprint only. The first worker that serves it binds the fingerprint.
package struct Fingerprint: Hashable, Sendable, Codable {
    /// Facts read from the server, by name (`model`, `server`, `version`,
    /// `chat_template_sha256`, `n_ctx`, …).
    package var facts: [String: String]

    /// Takes the facts.
    package init(_ facts: [String: String]) {
        self.facts = facts
    }

    /// What identifies the fingerprint.
    package var digest: SHA256Digest {
        SHA256Digest(hashing: CanonicalJSON.encode(facts))
    }

    /// The facts in which `other` differs, as `name: mine → other's`, in order of name.
    package func differences(from other: Fingerprint) -> [String] {
        Set(facts.keys).union(other.facts.keys).sorted().compactMap { name in
            let (mine, theirs) = (facts[name], other.facts[name])
            return mine == theirs ? nil : "\(name): \(mine ?? "absent") → \(theirs ?? "absent")"
        }
    }
}
