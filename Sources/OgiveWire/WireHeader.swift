internal import OgiveCore
internal import SwiftProtobuf

/// The part of an envelope that every version of the protocol has.
package struct WireHeader: Hashable, Sendable {
    /// What each envelope begins with: "OGVE" in memory.
    package static let magic: UInt32 = 0x4556_474F
    /// The version of the protocol that this program speaks.
    package static let version: UInt32 = 3

    /// The version that the sender speaks.
    package var version: UInt32
    /// The 16 bytes of the worker's incarnation, unchecked.
    package var worker: [UInt8]

    /// Reads the header alone and passes over the rest.
    ///
    /// Throws `tooLarge`, `malformed` and `wrongMagic`, but takes any version.
    package init(decoding bytes: [UInt8]) throws(WireError) {
        guard bytes.count <= WireLimits.messageBytes else {
            throw WireError(
                .tooLarge,
                "message of \(bytes.count) bytes; at most \(WireLimits.messageBytes) are allowed")
        }
        let opening: [UInt8] = [0x0D, 0x4F, 0x47, 0x56, 0x45]
        guard bytes.starts(with: opening) else {
            throw WireError(
                .wrongMagic, "message of \(bytes.count) bytes does not begin as Ogive's do")
        }
        var header = Ogive_V1_EnvelopeHeader()
        do {
            header = try Ogive_V1_EnvelopeHeader(
                serializedBytes: bytes, options: WireHeader.decoding)
        } catch {
            throw WireError(
                .malformed, "message of \(bytes.count) bytes is truncated or damaged",
                cause: error)
        }
        // A later field of the same number wins in protobuf.
        guard header.magic == Self.magic else {
            throw WireError(.wrongMagic, "message gives its magic twice and differently")
        }
        version = header.protocolVersion
        worker = Array(header.worker)
    }

    /// Fields that this version does not know are passed over.
    static var decoding: BinaryDecodingOptions {
        var options = BinaryDecodingOptions()
        options.discardUnknownFields = true
        options.messageDepthLimit = 8
        return options
    }
}
