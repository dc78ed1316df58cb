import CZeroMQ

/// A CURVE public key: may be shown to anyone.
package struct ZeroMQPublicKey: Sendable, Hashable, CustomStringConvertible {
    /// The 32 bytes.
    package let bytes: [UInt8]

    /// Reads 40 characters of Z85; throws `invalidKey` for anything else.
    package init(z85 text: String) throws(ZeroMQError) {
        bytes = try Z85.decodeKey(text)
    }

    /// Takes the 32 bytes as they are; `nil` for another number of them.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Z85.keyBytes else { return nil }
        self.bytes = bytes
    }

    /// The key as 40 characters of Z85.
    package var z85: String { Z85.encode(bytes) }

    /// The key as 40 characters of Z85.
    package var description: String { z85 }
}

/// A CURVE secret key: never printed unless `z85` is asked for.
package struct ZeroMQSecretKey: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// The 32 bytes.
    package let bytes: [UInt8]

    /// Reads 40 characters of Z85; throws `invalidKey` for anything else.
    package init(z85 text: String) throws(ZeroMQError) {
        bytes = try Z85.decodeKey(text)
    }

    /// Takes the 32 bytes as they are; `nil` for another number of them.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Z85.keyBytes else { return nil }
        self.bytes = bytes
    }

    /// The public key that belongs to it; throws `system` when libzmq was built without CURVE.
    package func publicKey() throws(ZeroMQError) -> ZeroMQPublicKey {
        var open = [CChar](repeating: 0, count: Z85.keyLength + 1)
        // Sound: the buffer has the 41 bytes that libzmq writes, and the text its 40 characters.
        guard unsafe zmq_curve_public(&open, z85) == 0 else {
            throw .call("derive a CURVE public key", .last)
        }
        return try ZeroMQPublicKey(z85: Z85.text(open))
    }

    /// The key as 40 characters of Z85, for the file that keeps it.
    package var z85: String { Z85.encode(bytes) }

    /// A placeholder, so that logs hold no secret.
    package var description: String { "<secret key>" }

    /// Nothing, so that `dump` holds no secret.
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A CURVE key pair.
package struct ZeroMQKeyPair: Sendable, Equatable {
    /// What peers know.
    package let publicKey: ZeroMQPublicKey
    /// What only its owner knows.
    package let secretKey: ZeroMQSecretKey

    /// Puts a stored pair together; that the two belong together shows in the handshake only.
    package init(publicKey: ZeroMQPublicKey, secretKey: ZeroMQSecretKey) {
        self.publicKey = publicKey
        self.secretKey = secretKey
    }

    /// A new random pair; throws `system` when libzmq was built without CURVE.
    package static func generate() throws(ZeroMQError) -> ZeroMQKeyPair {
        var open = [CChar](repeating: 0, count: Z85.keyLength + 1)
        var secret = open
        // Sound: both buffers have the 41 bytes that libzmq writes.
        guard unsafe zmq_curve_keypair(&open, &secret) == 0 else {
            throw .call("make a CURVE key pair", .last)
        }
        return ZeroMQKeyPair(
            publicKey: try ZeroMQPublicKey(z85: Z85.text(open)),
            secretKey: try ZeroMQSecretKey(z85: Z85.text(secret)))
    }
}

/// ZeroMQ's text form of binary keys (RFC 32): five characters for four bytes.
enum Z85 {
    /// The characters of a key.
    static let keyLength = 40
    /// The bytes of a key.
    static let keyBytes = 32

    /// The text of bytes whose number is a multiple of four.
    static func encode(_ bytes: [UInt8]) -> String {
        precondition(bytes.count.isMultiple(of: 4), "Z85 takes four bytes at a time")
        var text = [CChar](repeating: 0, count: bytes.count / 4 * 5 + 1)
        // Sound: the buffer has the room that libzmq documents for this many bytes.
        _ = unsafe zmq_z85_encode(&text, bytes, bytes.count)
        return self.text(text)
    }

    /// The 32 bytes of a key; throws `invalidKey`.
    static func decodeKey(_ text: String) throws(ZeroMQError) -> [UInt8] {
        // The check of the characters comes first: libzmq 4.3.4 indexes a table with them.
        guard text.utf8.count == keyLength, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw ZeroMQError(.invalidKey, "a key must be 40 characters of Z85")
        }
        var bytes = [UInt8](repeating: 0, count: keyBytes)
        // Sound: 40 characters make 32 bytes, which is the buffer's length.
        guard unsafe zmq_z85_decode(&bytes, text) != nil else {
            throw ZeroMQError(.invalidKey, "a key has characters that Z85 does not use")
        }
        return bytes
    }

    /// The characters before the terminating zero.
    static func text(_ characters: [CChar]) -> String {
        String(
            decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
