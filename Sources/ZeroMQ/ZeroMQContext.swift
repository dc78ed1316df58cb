import CZeroMQ
import Glibc

/// libzmq's I/O threads and the sockets' common ground.
///
/// Every socket holds its context, and a socket closes before it lets go: termination, which waits
/// for the sockets to close, cannot wait for ever whatever the order of declarations. It may take
/// as long as the longest linger of its sockets, on the thread that drops the last reference.
@safe
package final class ZeroMQContext: Sendable {
    // Sound: libzmq's contexts may be used from any thread, and the pointer never changes.
    nonisolated(unsafe) private let pointer: UnsafeMutableRawPointer

    /// Starts a context; throws `resourcesExhausted` when no descriptor is left.
    package init(ioThreads: Int = 1) throws(ZeroMQError) {
        precondition(ioThreads >= 1, "a context needs an I/O thread")
        // Sound: returns a context of its own or nil, which is checked.
        guard let pointer = unsafe zmq_ctx_new() else {
            throw .call("start a ZeroMQ context", .last)
        }
        unsafe self.pointer = unsafe pointer
        // Sound: a live context. Not "blocky": sockets linger for as long as they are told to,
        // where libzmq's default is for ever.
        _ = unsafe zmq_ctx_set(pointer, ZMQ_BLOCKY, 0)
        // Sound: a live context; the number is positive.
        _ = unsafe zmq_ctx_set(pointer, ZMQ_IO_THREADS, Int32(clamping: ioThreads))
    }

    deinit {
        // Sound: sockets hold the context, so that none is left; the pointer dies here.
        while unsafe zmq_ctx_term(pointer) != 0, zmq_errno() == EINTR {}
    }

    /// A new socket's handle, which the caller closes before it releases the context.
    func socketHandle(_ type: ZeroMQSocketType) throws(ZeroMQError) -> UnsafeMutableRawPointer {
        // Sound: a live context; the result is checked.
        guard let handle = unsafe zmq_socket(pointer, type.number) else {
            throw .call("open a ZeroMQ socket", .last)
        }
        return unsafe handle
    }
}
