internal import OgiveCore
internal import Synchronization

/// What all endpoints of one model have to say of it: the facts of the first that was asked.
///
/// So a sampling's fingerprint does not depend on which endpoint answered.
package final class AgreedFacts: Sendable {
    private let first = Mutex<(url: String, facts: [String: String])?>(nil)

    /// Nobody was asked yet.
    package init() {}

    /// Throws `wrongModel` when the server at `url` says something else than the first one, or
    /// than it did before.
    func check(_ facts: [String: String], url: String) throws(ModelError) {
        let first = first.withLock { first in
            let agreed = first ?? (url, facts)
            first = agreed
            return agreed
        }
        let isSame = first.url == url
        let (then, now) = isSame ? ("before", "now") : ("there", "here")
        let changes = Set(first.facts.keys).union(facts.keys).sorted()
            .filter { first.facts[$0] != facts[$0] }
            .map { "\($0): \(first.facts[$0] ?? "none") \(then), \(facts[$0] ?? "none") \(now)" }
        guard !changes.isEmpty else { return }
        let other = isSame ? "before" : "\(first.url), which serves the same model by name"
        throw ModelError(
            .wrongModel,
            "\(url) serves another model than \(other) (\(changes.joined(separator: "; "))); "
                + (isSame
                    ? "serve the former one, or start the worker again to offer this one"
                    : "serve one model, with the same server and settings, at all endpoints"))
    }
}
