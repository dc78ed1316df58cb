/// One multipart message: its frames in order.
package struct ZeroMQMessage: Sendable, Equatable {
    /// The most frames that `receive` keeps of a message; the rest is read and thrown away.
    package static let framesMax = 64

    /// The frames; a router's first one is the peer's routing id.
    package var frames: [[UInt8]]
    /// Who sent it: `User-Id`, which the authentication gave to the connection; nil without any.
    package var userID: String?
    /// Whether the peer sent more than `framesMax` frames, so that some are missing here.
    package var isTruncated: Bool

    /// A message to send.
    package init(_ frames: [[UInt8]]) {
        self.frames = frames
        userID = nil
        isTruncated = false
    }

    /// The length of all frames together, in bytes.
    package var byteCount: Int {
        frames.reduce(0) { $0 + $1.count }
    }
}
