package import OgiveCore

/// Reads what a scoring subprocess writes: bytes, cut into lines of bounded length, each a reply.
package struct CommandReader {
    /// The line that has begun.
    private var rest: [UInt8] = []
    /// What the command says of itself, in a line `{"facts": {…}}` before its first reply.
    private(set) package var facts: CommandFacts?
    private var hasReplied = false
    private let lineBytesMax: Int

    /// Allows lines of up to `lineBytesMax` bytes.
    package init(lineBytesMax: Int = CommandScorer.lineBytesMax) {
        self.lineBytesMax = lineBytesMax
    }

    /// The replies that `bytes` complete; throws `processDied` on a line that is too
    /// long or is no reply: whose it was cannot be known, and the subprocess is started anew.
    package mutating func replies(_ bytes: [UInt8]) throws(ModelError) -> [CommandReply] {
        var replies: [CommandReply] = []
        var start = 0
        // Only new bytes are searched, or a long line would be searched again with each piece.
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            try keep(bytes[start..<end])
            start = end + 1
            if rest.contains(where: { $0 != 32 && $0 != 13 && $0 != 9 }) {
                if !hasReplied, facts == nil, let read = try CommandFacts.read(rest) {
                    facts = read
                } else {
                    replies.append(try CommandReply.read(rest))
                    hasReplied = true
                }
            }
            rest.removeAll(keepingCapacity: rest.count < 65_536)
        }
        try keep(bytes[start...])
        return replies
    }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) throws(ModelError) {
        guard rest.count + bytes.count <= lineBytesMax else {
            throw ModelError(
                .processDied, "the scoring command wrote a line of more than \(lineBytesMax) bytes")
        }
        rest += bytes
    }
}
