import CZeroMQ
import Glibc

/// One libzmq socket with one owner: whoever drops it closes it.
///
/// Not `Sendable`: it stays in the isolation, that is on the thread, where it was opened. All calls
/// return at once except `poll`; what `close` still has to send, libzmq sends in the background for
/// as long as the linger allows.
@safe
package struct ZeroMQSocket: ~Copyable {
    /// How long unsent messages outlive a closed socket unless an option says otherwise.
    package static let lingerDefault = Duration.seconds(1)

    let handle: UnsafeMutableRawPointer
    // Released after `deinit` has closed the handle: this orders the context's termination.
    private let context: ZeroMQContext

    /// Opens a socket and sets its options, in their order.
    ///
    /// - Throws: `resourcesExhausted`, or `invalidOption` when a value is out of range.
    package static func open(
        _ context: ZeroMQContext, _ type: ZeroMQSocketType, options: [ZeroMQOption] = []
    ) throws(ZeroMQError) -> ZeroMQSocket {
        // Sound: the new handle is handed to its one owner at once.
        let socket = unsafe ZeroMQSocket(handle: try context.socketHandle(type), context: context)
        try socket.set(.linger(lingerDefault))
        for option in options { try socket.set(option) }
        return socket
    }

    private init(handle: UnsafeMutableRawPointer, context: ZeroMQContext) {
        // Sound: the handle is this socket's own until `deinit` closes it.
        unsafe self.handle = unsafe handle
        self.context = context
    }

    deinit {
        // Sound: the only owner closes its own handle, once.
        _ = unsafe zmq_close(handle)
    }

    /// Listens on an endpoint; a port or path of `*` lets the system choose (see `lastEndpoint`).
    ///
    /// libzmq takes the file of an `ipc` endpoint away from whoever listens on it; here that is
    /// `addressInUse`, as with a port.
    ///
    /// - Throws: `addressInUse`, `addressUnavailable`, `permissionDenied`, `invalidEndpoint`.
    package borrowing func bind(_ endpoint: String) throws(ZeroMQError) {
        try TCPEndpoint.checkPort(endpoint, binding: true)
        guard !IPCEndpoint.hasListener(endpoint) else {
            throw .addressInUse(endpoint, cause: nil)
        }
        // Sound: own handle; libzmq copies the terminated string.
        guard unsafe zmq_bind(handle, endpoint) == 0 else {
            throw .endpoint(endpoint, binding: true, .last)
        }
    }

    /// Starts to connect, and to connect again for as long as the socket lives.
    ///
    /// - Throws: `invalidEndpoint`; that nobody listens is no error.
    package borrowing func connect(_ endpoint: String) throws(ZeroMQError) {
        try TCPEndpoint.checkPort(endpoint, binding: false)
        // Sound: own handle; libzmq copies the terminated string.
        guard unsafe zmq_connect(handle, endpoint) == 0 else {
            throw .endpoint(endpoint, binding: false, .last)
        }
    }

    /// Ends a connection made by `connect`, named as it was then.
    ///
    /// - Throws: `invalidEndpoint` when there is no such connection.
    package borrowing func disconnect(_ endpoint: String) throws(ZeroMQError) {
        // Sound: own handle; libzmq copies the terminated string.
        guard unsafe zmq_disconnect(handle, endpoint) == 0 else {
            throw .endpoint(endpoint, binding: false, .last)
        }
    }

    /// The endpoint last bound or connected, with the port or path that the system chose.
    package borrowing func lastEndpoint() throws(ZeroMQError) -> String {
        var text = [UInt8](repeating: 0, count: 1024)
        var length = text.count
        // Sound: own handle; `length` is the buffer's, and libzmq writes no more than that.
        guard unsafe zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &text, &length) == 0 else {
            throw .call("read the socket's endpoint", .last)
        }
        // libzmq counts the terminating zero.
        return String(decoding: text.prefix(length).prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Closes the socket now, where letting it go out of scope would be too late or unclear.
    package consuming func close() {}
}
