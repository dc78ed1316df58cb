/// A question of libzmq's to the authentication handler (RFC 27), and its answer.
///
/// Pure and total: whatever the frames hold, there is an answer, or none to be given.
struct AuthenticationRequest {
    /// Where the handler listens; the name is fixed by RFC 27.
    static let endpoint = "inproc://zeromq.zap.01"
    /// How many frames a question about CURVE has, the asking session's two included.
    private static let frameCount = 9

    /// The frames as a router received them: session, empty, version, request, domain, address,
    /// routing id, mechanism, key.
    let frames: [[UInt8]]

    /// The answer's frames; `nil` when it is not even clear to whom it would go.
    ///
    /// - Parameters:
    ///   - domain: the only one whose connections may be let in.
    ///   - authorize: the user that a key stands for; `nil` refuses it.
    func answer(domain: String, _ authorize: ZeroMQAuthorizer) -> [[UInt8]]? {
        guard frames.count >= 4, frames[1].isEmpty else { return nil }
        guard frames[2] == Array("1.0".utf8), frames.count == Self.frameCount else {
            return reply(500, "malformed request")
        }
        guard frames[4] == Array(domain.utf8) else { return reply(400, "unknown domain") }
        guard frames[7] == Array("CURVE".utf8) else { return reply(400, "not CURVE") }
        guard let key = ZeroMQPublicKey(bytes: frames[8]) else {
            return reply(400, "not a key")
        }
        // An empty user is what an unauthenticated connection has.
        guard let user = authorize(key), !user.isEmpty, user.utf8.count <= 255 else {
            return reply(400, "key not authorised")
        }
        return reply(200, "OK", user: user)
    }

    private func reply(_ status: Int, _ text: String, user: String = "") -> [[UInt8]] {
        [frames[0], [], Array("1.0".utf8), frames[3], Array("\(status)".utf8), Array(text.utf8)]
            + [Array(user.utf8), []]
    }
}
