import CZeroMQ
import Glibc

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
