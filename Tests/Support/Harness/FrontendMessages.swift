internal import NIOCore

/// Follows what a client says to PostgreSQL, as far as is needed to see a COMMIT of copied rows.
///
/// See "Message Formats" in PostgreSQL's documentation: but for the first, each message is a byte
/// that names it, a length that counts itself, and a body.
struct FrontendMessages {
    private static let startup: UInt32 = 196_608
    private var isStarted = false
    private var hasCopied = false
    /// Bytes of an unfinished message that were looked at already.
    private var pending = ByteBuffer()

    /// Where in `bytes` the message begins that commits copied rows, if it begins there.
    mutating func landingCommit(in bytes: ByteBuffer) -> Int? {
        let old = pending.readableBytes
        pending.writeImmutableBuffer(bytes)
        let all = pending
        var result: Int?
        while let length = messageLength, pending.readableBytes >= length {
            let begin = pending.readerIndex - all.readerIndex - old
            if let message = pending.readSlice(length: length), look(at: message), begin >= 0 {
                result = result ?? begin
            }
        }
        pending.discardReadBytes()
        return result
    }

    /// The whole length of the next message, if it is known yet.
    private var messageLength: Int? {
        let start = pending.readerIndex
        let length: UInt32? = pending.getInteger(at: isStarted ? start + 1 : start)
        return length.map { Int($0) + (isStarted ? 1 : 0) }
    }

    /// Whether the message commits copied rows.
    private mutating func look(at message: ByteBuffer) -> Bool {
        let start = message.readerIndex
        guard isStarted else {
            // Requests for TLS or GSS come before, in the same form, and are declined.
            isStarted = message.getInteger(at: start + 4) == Self.startup
            return false
        }
        let name: UInt8? = message.getInteger(at: start)
        switch name {
        case UInt8(ascii: "d"):
            hasCopied = true
            return false
        case UInt8(ascii: "Q"), UInt8(ascii: "P"):
            let body = message.getString(at: start + 5, length: message.readableBytes - 5) ?? ""
            // A Parse has the statement's name before the statement.
            let text = body.drop { $0 == "\0" }
            if text.hasPrefix("ROLLBACK") { hasCopied = false }
            guard text.hasPrefix("COMMIT") else { return false }
            defer { hasCopied = false }
            return hasCopied
        default:
            return false
        }
    }
}
