import CZeroMQ

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
