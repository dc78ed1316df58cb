internal import FoundationEssentials

/// The one byte sequence of a specification: JSON with sorted keys and no white space.
///
/// Specifications are identified by the SHA-256 of these bytes, so an absent optional and a
/// default must encode alike: leave out what is not set.
package enum CanonicalJSON {
    /// Encodes `value` canonically.
    package static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value))
        } catch {
            // Only non-finite numbers make JSONEncoder fail; validation refuses them earlier.
            preconditionFailure("a specification must hold finite numbers only: \(error)")
        }
    }

    /// The canonical text of `value`, for a `jsonb` column.
    package static func text(_ value: some Encodable) -> String {
        String(decoding: encode(value), as: UTF8.self)
    }
}
