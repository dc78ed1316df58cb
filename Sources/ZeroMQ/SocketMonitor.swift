import CZeroMQ
import DedicatedThread

/// Reads a socket's events on a thread of its own, always: libzmq's I/O thread, which serves every
/// connection, stands still while the queue of a monitor is full.
///
/// Order of use: `open`, then `ZeroMQSocket.startMonitor`, `drain` beside the socket's use, then
/// `ZeroMQSocket.stopMonitor`, then `end`.
actor SocketMonitor {
    typealias Observe = @Sendable (ZeroMQSocketEvent, Int) -> Void

    /// Where the monitored socket sends its events.
    nonisolated let address: String
    private let executor: DedicatedThreadExecutor
    private let ending: WakeDescriptor
    private let observe: Observe
    private let number: Int
    private var reader: ZeroMQSocket?

    /// Starts the thread. `number` tells the monitors of one context apart.
    init(name: String, number: Int, observe: @escaping Observe) throws(ZeroMQError) {
        do {
            executor = try DedicatedThreadExecutor(name: name)
            ending = try WakeDescriptor()
        } catch {
            throw ZeroMQError(.resourcesExhausted, error.message, cause: error)
        }
        address = "inproc://monitor-\(number)"
        self.observe = observe
        self.number = number
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // Sound: the actor holds the executor for as long as it lives.
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Opens the reader, before there is anything to read: then nothing can fail any more.
    func open(_ context: ZeroMQContext) throws(ZeroMQError) {
        let reader = try ZeroMQSocket.open(context, .pair, options: [.linger(.zero)])
        try reader.connect(address)
        self.reader = consume reader
    }

    /// As `drain()`, for a task that must not throw.
    func outcome() -> Result<Void, ZeroMQError> {
        do throws(ZeroMQError) {
            return .success(try drain())
        } catch {
            return .failure(error)
        }
    }

    /// Reads until `end()`, and then what is left. Throws when the reader fails, which it does not
    /// in a live context.
    func drain() throws(ZeroMQError) {
        guard let reader = self.reader.take() else { return }
        while true {
            let ready = try reader.poll(for: .readable, wakes: [ending], timeout: nil)
            // `end()` comes after the last event: what was sent before it is there by then.
            let isLast = ready.woken.first == true
            while let message = try reader.receive() {
                if let event = ZeroMQSocketEvent(frame: message.frames[0]) {
                    observe(event, number)
                }
            }
            if isLast { return }
        }
    }

    /// Ends `drain()`; only once the socket is not monitored any more, or never was.
    nonisolated func end() {
        ending.signal()
    }
}

extension ZeroMQSocket {
    /// Sends the socket's events to `address`, whose reader must exist.
    borrowing func startMonitor(_ address: String) throws(ZeroMQError) {
        // Sound: own handle; libzmq copies the terminated string.
        guard unsafe zmq_socket_monitor(handle, address, ZeroMQSocketEvent.mask) == 0 else {
            throw .call("monitor a socket", .last)
        }
    }

    /// Ends it: before the reader goes, or the I/O thread would wait for nobody.
    borrowing func stopMonitor() {
        // Sound: own handle; a null address ends the monitor.
        _ = unsafe zmq_socket_monitor(handle, nil, 0)
    }
}

/// What a socket's monitor reports of one of its connections.
package enum ZeroMQSocketEvent: Sendable, Hashable {
    /// A listener accepted a connection, which proves nothing yet.
    case accepted
    /// A listener could not accept: descriptors or memory ran out.
    case acceptFailed
    /// A connection stands, and its handshake begins.
    case connected
    /// Nobody listened; it is tried again.
    case retried
    /// Both sides know each other: messages may pass.
    case handshakeSucceeded
    /// The handshake failed: refused by the authentication, with ZAP's status code.
    case refused(status: Int)
    /// The handshake failed: the peer breaks the protocol, or proves another key; the number is
    /// one of libzmq's.
    case protocolFailed(Int)
    /// The handshake failed without a reason: the peer went away, or took too long.
    case handshakeFailed
    /// A connection ended.
    case disconnected

    /// The events that a monitor asks for.
    static let mask =
        ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED | ZMQ_EVENT_CONNECTED
        | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED
        | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
        | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL

    /// Reads the first frame of a monitor's message: 16 bits of event, 32 bits of value, in the
    /// machine's order. Nil for what is not asked for.
    init?(frame: [UInt8]) {
        guard frame.count == 6 else { return nil }
        let number = Int32(frame[0]) | Int32(frame[1]) << 8
        let value = frame[2...].enumerated().reduce(UInt32(0)) {
            $0 | UInt32($1.element) << UInt32(8 * $1.offset)
        }
        switch number {
        case ZMQ_EVENT_ACCEPTED: self = .accepted
        case ZMQ_EVENT_ACCEPT_FAILED: self = .acceptFailed
        case ZMQ_EVENT_CONNECTED: self = .connected
        case ZMQ_EVENT_CONNECT_RETRIED: self = .retried
        case ZMQ_EVENT_DISCONNECTED: self = .disconnected
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: self = .handshakeSucceeded
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: self = .refused(status: Int(value))
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: self = .protocolFailed(Int(value))
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: self = .handshakeFailed
        default: return nil
        }
    }
}
