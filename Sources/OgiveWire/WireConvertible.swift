/// A domain value that has a protobuf message.
protocol WireConvertible {
    /// The protobuf message.
    associatedtype Wire

    /// Takes a decoded message after checking it; throws `missingField`, `invalidValue` or
    /// `tooLarge`.
    init(wire: Wire) throws(WireError)

    /// The message, unchecked: envelopes check it whole before they send it.
    var wire: Wire { get }
}

extension Duration {
    /// Whole nanoseconds; what 64 bits cannot hold becomes the nearest that they can.
    var wireNanoseconds: Int64 {
        Int64(clamping: attoseconds / 1_000_000_000)
    }
}

extension UInt32 {
    /// A number of things; what does not fit becomes one that decoders refuse.
    init(wireCount count: Int) {
        self = UInt32(exactly: count) ?? .max
    }
}

/// Why bytes are not a message, or a message cannot become bytes.
package struct WireError: Error, Sendable, CustomStringConvertible {
    /// The kind of fault.
    package enum Code: String, Sendable, CaseIterable {
        /// The bytes do not begin as an Ogive envelope does.
        case wrongMagic = "wrong_magic"
        /// The sender speaks another version of the protocol; `header` says which.
        case unknownVersion = "unknown_version"
        /// The bytes are no protobuf message of ours: truncated, or damaged.
        case malformed
        /// The envelope holds nothing, or what only the other side may send.
        case wrongBody = "wrong_body"
        /// A field that is needed is absent.
        case missingField = "missing_field"
        /// A field holds what it must not.
        case invalidValue = "invalid_value"
        /// A text, a list or the whole message is over its bound.
        case tooLarge = "too_large"
    }

    /// The kind of fault.
    package var code: Code
    /// What is wrong, where, and what to do.
    package var message: String
    /// The fault underneath.
    package var cause: (any Error)?
    /// Who sent the bytes and waits for an answer: of another version's message, as far as every
    /// version lets one read it, and of a `Hello` that cannot be read.
    package var header: WireHeader?

    /// The same bytes fail again.
    package var isRetriable: Bool { false }

    /// Describes a fault.
    package init(
        _ code: Code, _ message: String, cause: (any Error)? = nil, header: WireHeader? = nil
    ) {
        self.code = code
        self.message = message
        self.cause = cause
        self.header = header
    }

    package var description: String { message }
}
