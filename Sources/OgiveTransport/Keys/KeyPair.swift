internal import ZeroMQ

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
