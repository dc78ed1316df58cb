/// Where completions or rewards come from that others made: a file, and all that is known of it.
///
/// It stands in for what Ogive knows of its own draws: there are no seeds, no fingerprint and no
/// sampling parameters, so that nobody can prove who made them, or how.
package struct AdoptedSource: Hashable, Sendable, Codable {
    /// SHA-256 of the file, 64 hexadecimal digits.
    package var sha256: String
    /// How its rows were read where a field map said so; part of the identity, because another
    /// map may read other completions from the same file.
    package var fields: [String: String]?

    /// Names a file.
    package init(sha256: String, fields: [String: String]? = nil) {
        self.sha256 = sha256
        self.fields = fields
    }

    /// What is wrong with the values, as a sentence; `nil` when they are valid.
    package var problem: String? {
        let isDigest =
            sha256.utf8.count == 64
            && sha256.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
        return isDigest ? nil : "adopted.sha256 must be 64 hexadecimal digits"
    }
}
