internal import ZeroMQ

/// A worker's or coordinator's public key: it names its owner and may be shown to anyone.
package struct PublicKey: Hashable, Sendable, CustomStringConvertible {
    /// The key for ZeroMQ.
    let value: ZeroMQPublicKey

    /// The key as 64 hexadecimal digits: safe in shells, YAML and file names.
    package var text: String { Hexadecimal.text(value.bytes) }

    /// The first 16 digits: enough to tell keys apart in a message.
    package var description: String { String(text.prefix(16)) }

    /// Reads 64 hexadecimal digits; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        guard let bytes = Hexadecimal.bytes(text), let key = ZeroMQPublicKey(bytes: bytes) else {
            return nil
        }
        value = key
    }

    init(_ value: ZeroMQPublicKey) {
        self.value = value
    }
}

/// Bytes as hexadecimal digits.
enum Hexadecimal {
    static func text(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }

    /// The bytes; `nil` for an odd number of digits or anything else.
    static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[index]), let low = value(digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// A key pair with the name of its file: what a worker or a coordinator proves itself with.
package struct KeyPair: Sendable {
    /// The name of its file, without the ending.
    package let name: String
    /// What others know of it.
    package var publicKey: PublicKey { PublicKey(value.publicKey) }
    /// The pair for ZeroMQ.
    let value: ZeroMQKeyPair

    /// Makes a new random pair; throws `key` when ZeroMQ was built without CURVE.
    package static func generate(name: String) throws(TransportError) -> KeyPair {
        do {
            return KeyPair(name: name, value: try ZeroMQKeyPair.generate())
        } catch {
            throw TransportError(.key, "cannot make keys: \(error)")
        }
    }
}
