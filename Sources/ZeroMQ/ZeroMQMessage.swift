import CZeroMQ
import Glibc

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

/// What became of a message that was to be sent. None of these says that it arrived.
package enum ZeroMQSendResult: Sendable, Equatable {
    /// libzmq took all frames.
    case sent
    /// Nothing was taken: the high-water mark is reached, or no peer is there.
    case wouldBlock
    /// Nothing was taken: a router with `routerMandatory` has no such peer, or no longer.
    case unreachable
    /// Nothing was taken: the channel is not open yet, or not any more.
    case notOpen
}

extension ZeroMQSocket {
    /// Hands a message to libzmq without waiting.
    ///
    /// - Returns: `sent`, `wouldBlock` or `unreachable`; never `notOpen`.
    /// - Throws: `invalidMessage` for no frames or a socket that may not send now, `terminated`.
    package borrowing func send(_ frames: [[UInt8]]) throws(ZeroMQError) -> ZeroMQSendResult {
        guard let last = frames.indices.last else {
            throw ZeroMQError(.invalidMessage, "cannot send a message of no frames")
        }
        var result = ZeroMQSendResult.sent
        for (index, frame) in frames.enumerated() {
            let more = index < last ? ZMQ_SNDMORE : 0
            guard let refusal = try sendFrame(frame, flags: ZMQ_DONTWAIT | more) else { continue }
            result = refusal
            // A refused first frame refuses the message. A later one means that the peer went away
            // in between: libzmq then swallows the frames up to the last, which it must be given.
            if index == 0 { return result }
        }
        return result
    }

    /// Takes the next message if one is there, without waiting.
    ///
    /// - Throws: `invalidMessage` when the socket's type may not receive now, `terminated`.
    package borrowing func receive() throws(ZeroMQError) -> ZeroMQMessage? {
        let batch = try receive(countMax: 1, bytesMax: .max)
        return batch.first
    }

    /// Takes messages that are there, without waiting, up to a bound.
    ///
    /// - Parameters:
    ///   - countMax: the most messages taken.
    ///   - bytesMax: no further message is begun once the batch has this many bytes.
    package borrowing func receive(
        countMax: Int, bytesMax: Int
    ) throws(ZeroMQError) -> [ZeroMQMessage] {
        var batch: [ZeroMQMessage] = []
        var bytes = 0
        var part = ReceivedPart()
        while batch.count < countMax, bytes < bytesMax {
            // Sound: own handle, which lives until the socket does not.
            guard unsafe try part.next(handle: handle) else { break }
            var message = ZeroMQMessage([part.bytes()])
            bytes += message.frames[0].count
            while part.hasMore {
                // libzmq hands over whole messages: the rest of one is there when its start is.
                // Sound: as above.
                guard unsafe try part.next(handle: handle) else { break }
                guard message.frames.count < ZeroMQMessage.framesMax else {
                    message.isTruncated = true
                    continue
                }
                message.frames.append(part.bytes())
                bytes += message.frames[message.frames.count - 1].count
            }
            message.userID = part.userID
            batch.append(message)
        }
        return batch
    }

    /// Nil when libzmq took the frame.
    private borrowing func sendFrame(
        _ frame: [UInt8], flags: Int32
    ) throws(ZeroMQError) -> ZeroMQSendResult? {
        while true {
            // Sound: own handle; libzmq copies as many bytes as the array has.
            if unsafe zmq_send(handle, frame, frame.count, flags) >= 0 { return nil }
            switch zmq_errno() {
            case EAGAIN: return .wouldBlock
            case EHOSTUNREACH: return .unreachable
            case EINTR: continue
            default: throw .call("send a message", .last)
            }
        }
    }
}

/// libzmq's buffer for one received frame, used again for the next.
@safe
struct ReceivedPart: ~Copyable {
    // libzmq keeps pointers into short messages: the storage must not move between calls.
    private let message: UnsafeMutablePointer<zmq_msg_t>

    init() {
        // Sound: one element, initialised by libzmq before any other use and freed in `deinit`.
        unsafe message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
        // Sound: as above.
        unsafe message.initialize(to: zmq_msg_t())
        // Sound: as above.
        _ = unsafe zmq_msg_init(message)
    }

    deinit {
        // Sound: initialised in `init`, used by nobody else.
        _ = unsafe zmq_msg_close(message)
        // Sound: allocated in `init`.
        unsafe message.deallocate()
    }

    /// Receives the next frame into the buffer; false when none is there.
    mutating func next(handle: UnsafeMutableRawPointer) throws(ZeroMQError) -> Bool {
        while true {
            // Sound: an initialised message, and a handle that its owner holds during the call.
            if unsafe zmq_msg_recv(message, handle, ZMQ_DONTWAIT) >= 0 { return true }
            switch zmq_errno() {
            case EAGAIN: return false
            case EINTR: continue
            default: throw .call("receive a message", .last)
            }
        }
    }

    /// Whether the frame is not the last of its message.
    var hasMore: Bool {
        // Sound: an initialised message.
        unsafe zmq_msg_more(message) != 0
    }

    /// A copy of the frame.
    func bytes() -> [UInt8] {
        // Sound: an initialised message; the size and the pointer are of the same frame.
        let count = unsafe zmq_msg_size(message)
        // Sound: as above.
        guard count > 0, let start = unsafe zmq_msg_data(message) else { return [] }
        // Sound: the frame has `count` bytes and is not touched while they are copied.
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Who the authentication says sent it. A router's identity frame has none: ask a body frame.
    var userID: String? {
        // Sound: an initialised message; libzmq returns a terminated string that lives as long as
        // the message, or nil.
        guard let text = unsafe zmq_msg_gets(message, "User-Id") else { return nil }
        // Sound: as above.
        return unsafe String(cString: text)
    }
}
