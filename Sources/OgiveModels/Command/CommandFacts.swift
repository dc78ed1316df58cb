internal import OgiveCore

/// What a scoring subprocess says of itself: `{"facts": {"model": "…", "dtype": "…"}}`, its first
/// line. It becomes part of the scorer's fingerprint, so that another model is noticed.
package struct CommandFacts: Decodable, Hashable, Sendable {
    /// Texts by name.
    package var facts: [String: String]

    /// Most facts, and most bytes of a name or a text.
    static let countMax = 64
    static let bytesMax = 1_000

    private static let beginning = Array("{\"facts\"".utf8)

    /// Reads a line; `nil` when it is not meant to be facts. Throws `processDied` when broken.
    static func read(_ line: [UInt8]) throws(ModelError) -> CommandFacts? {
        guard line.filter({ $0 != 32 }).starts(with: beginning) else { return nil }
        let facts = try CommandReply.decode(CommandFacts.self, line)
        guard facts.facts.count <= countMax,
            facts.facts.allSatisfy({ max($0.key.utf8.count, $0.value.utf8.count) <= bytesMax })
        else {
            throw ModelError(
                .processDied,
                "the scoring command announced more than \(countMax) facts, or one of more than "
                    + "\(bytesMax) bytes")
        }
        return facts
    }

    /// The fingerprint of a command that is configured as `model`.
    func fingerprint(model: String) -> Fingerprint {
        var all = ["model": model, "server": "command"]
        for (name, text) in facts { all["command.\(name)"] = Secrets.hiding(in: text) }
        return Fingerprint(all)
    }
}
