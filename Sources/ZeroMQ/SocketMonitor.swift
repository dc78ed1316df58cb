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
    nonisolated let endpoint: String
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
        endpoint = "inproc://monitor-\(number)"
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
        try reader.connect(endpoint)
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
    /// Sends the socket's events to `endpoint`, whose reader must exist.
    borrowing func startMonitor(_ endpoint: String) throws(ZeroMQError) {
        // Sound: own handle; libzmq copies the terminated string.
        guard unsafe zmq_socket_monitor(handle, endpoint, ZeroMQSocketEvent.mask) == 0 else {
            throw .call("monitor a socket", .last)
        }
    }

    /// Ends it: before the reader goes, or the I/O thread would wait for nobody.
    borrowing func stopMonitor() {
        // Sound: own handle; a null address ends the monitor.
        _ = unsafe zmq_socket_monitor(handle, nil, 0)
    }
}
