internal import FoundationEssentials
internal import OgiveCore

/// The secret that a reader of the monitoring pages shows, as `Authorization: Bearer …`.
package struct BearerToken: Sendable {
    /// Fewest characters: a shorter one can be guessed.
    package static let charactersMin = 16

    private let digest: [UInt8]

    /// Keeps a token; `nil` if it is too short, or holds what no header can.
    package init?(_ text: String) {
        guard text.utf8.count >= Self.charactersMin,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        digest = SHA256Digest(hashing: text).bytes
    }

    /// Whether the value of `Authorization` holds the token. How long that takes does not depend
    /// on how much of it is right: the hashes are compared, and all of their bytes.
    func isShown(by authorization: String?) -> Bool {
        let parts = (authorization ?? "").split(separator: " ", maxSplits: 1)
        let isBearer = parts.first?.lowercased() == "bearer"
        let shown = SHA256Digest(hashing: parts.count == 2 ? String(parts[1]) : "").bytes
        let difference = zip(digest, shown).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
        return isBearer && difference == 0
    }

    /// The same, or with the token as the password of `Authorization: Basic …` (RFC 7617), which
    /// browsers ask a person for.
    package func isShown(inBasicOrBearer authorization: String) -> Bool {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic" else {
            return isShown(by: authorization)
        }
        let decoded = Data(base64Encoded: String(parts[1])) ?? Data()
        let words = String(decoding: decoded, as: UTF8.self)
            .split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return isShown(by: "Bearer " + (words.count == 2 ? String(words[1]) : ""))
    }
}
