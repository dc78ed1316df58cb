import CZeroMQ
package import DedicatedThread
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

    /// The version of libzmq that this process runs with.
    package static var libraryVersion: String {
        var (major, minor, patch) = (Int32(0), Int32(0), Int32(0))
        // Sound: each of the three numbers is written during the call.
        unsafe zmq_version(&major, &minor, &patch)
        return "\(major).\(minor).\(patch)"
    }

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

    /// Listens on an address; a port or path of `*` lets the system choose (see `lastAddress`).
    ///
    /// libzmq takes the file of an `ipc` address away from whoever listens on it; here that is
    /// `addressInUse`, as with a port.
    ///
    /// - Throws: `addressInUse`, `addressUnavailable`, `permissionDenied`, `invalidAddress`.
    package borrowing func bind(_ address: String) throws(ZeroMQError) {
        try TCPAddress.checkPort(address, binding: true)
        guard !IPCAddress.hasListener(address) else {
            throw .addressInUse(address, cause: nil)
        }
        // Sound: own handle; libzmq copies the terminated string.
        guard unsafe zmq_bind(handle, address) == 0 else {
            throw .address(address, binding: true, .last)
        }
    }

    /// Starts to connect, and to connect again for as long as the socket lives.
    ///
    /// - Throws: `invalidAddress`; that nobody listens is no error.
    package borrowing func connect(_ address: String) throws(ZeroMQError) {
        try TCPAddress.checkPort(address, binding: false)
        // Sound: own handle; libzmq copies the terminated string.
        guard unsafe zmq_connect(handle, address) == 0 else {
            throw .address(address, binding: false, .last)
        }
    }

    /// Ends a connection made by `connect`, named as it was then.
    ///
    /// - Throws: `invalidAddress` when there is no such connection.
    package borrowing func disconnect(_ address: String) throws(ZeroMQError) {
        // Sound: own handle; libzmq copies the terminated string.
        guard unsafe zmq_disconnect(handle, address) == 0 else {
            throw .address(address, binding: false, .last)
        }
    }

    /// The address last bound or connected, with the port or path that the system chose.
    package borrowing func lastAddress() throws(ZeroMQError) -> String {
        var text = [UInt8](repeating: 0, count: 1024)
        var length = text.count
        // Sound: own handle; `length` is the buffer's, and libzmq writes no more than that.
        guard unsafe zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &text, &length) == 0 else {
            throw .call("read the socket's address", .last)
        }
        // libzmq counts the terminating zero.
        return String(decoding: text.prefix(length).prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Closes the socket now, where letting it go out of scope would be too late or unclear.
    package consuming func close() {}
}

/// The messaging pattern of a socket.
package enum ZeroMQSocketType: Sendable, CaseIterable {
    /// Addresses each peer by the first frame of a message.
    case router
    /// Talks to one router, or spreads its messages over several peers.
    case dealer
    /// One peer, both ways.
    case pair
    /// Asks, then waits for the answer.
    case request
    /// Waits for a question, then answers.
    case reply
    /// Spreads messages to all that subscribed.
    case publish
    /// Receives what it subscribed to.
    case subscribe
    /// Hands out work.
    case push
    /// Takes work.
    case pull

    var number: Int32 {
        switch self {
        case .router: ZMQ_ROUTER
        case .dealer: ZMQ_DEALER
        case .pair: ZMQ_PAIR
        case .request: ZMQ_REQ
        case .reply: ZMQ_REP
        case .publish: ZMQ_PUB
        case .subscribe: ZMQ_SUB
        case .push: ZMQ_PUSH
        case .pull: ZMQ_PULL
        }
    }
}

/// libzmq's I/O threads and what the sockets share.
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

extension ZeroMQSocket {
    /// Blocks the calling thread until the socket is ready, a wake descriptor is signalled or the
    /// time is up. Only for code on a thread of its own.
    ///
    /// - Parameters:
    ///   - events: what to wait for; with none, the socket is left out.
    ///   - wakes: stay signalled: the caller drains its own.
    ///   - timeout: nil is for ever.
    package borrowing func poll(
        for events: ZeroMQEvents, wakes: [WakeDescriptor], timeout: Duration?
    ) throws(ZeroMQError) -> ZeroMQReadiness {
        // Sound: an item for each descriptor, which `wakes` keeps open, and one for own handle.
        var items = unsafe wakes.map {
            unsafe zmq_pollitem_t(
                socket: nil, fd: $0.descriptor, events: Int16(ZMQ_POLLIN), revents: 0)
        }
        if !events.isEmpty {
            // Sound: as above.
            unsafe items.append(
                zmq_pollitem_t(socket: handle, fd: 0, events: events.rawValue, revents: 0))
        }
        let milliseconds = timeout.map { Swift.max(0, $0.millisecondsRoundedUp) } ?? -1
        // Sound: the count is the array's.
        let code = unsafe zmq_poll(&items, Int32(items.count), Int(milliseconds))
        guard code >= 0 || zmq_errno() == EINTR else { throw .call("poll a socket", .last) }
        // Sound: plain numbers are read out of the array.
        let found = unsafe items.map { unsafe $0.revents }
        return ZeroMQReadiness(
            events: events.isEmpty ? [] : ZeroMQEvents(rawValue: found[wakes.count]),
            woken: found.prefix(wakes.count).map { $0 != 0 })
    }
}

/// What a socket may be polled for.
package struct ZeroMQEvents: OptionSet, Sendable {
    /// libzmq's bits.
    package let rawValue: Int16

    /// Takes libzmq's bits.
    package init(rawValue: Int16) {
        self.rawValue = rawValue
    }

    /// A message can be received.
    package static let readable = ZeroMQEvents(rawValue: 1)
    /// A message can be sent.
    package static let writable = ZeroMQEvents(rawValue: 2)
}

/// What a poll found; all empty when the time was up or a signal came in between.
package struct ZeroMQReadiness: Sendable, Equatable {
    /// What the socket is ready for.
    package let events: ZeroMQEvents
    /// Which wake descriptors are signalled, in the order in which they were given.
    package let woken: [Bool]
}

/// Asks whether a Unix socket has a listener, which libzmq does not do before it takes its file.
enum IPCAddress {
    /// Whether `text` is an `ipc` path on which somebody listens now; never blocks.
    static func hasListener(_ text: String) -> Bool {
        let scheme = "ipc://"
        guard text.hasPrefix(scheme) else { return false }
        let path = text.utf8.dropFirst(scheme.utf8.count)
        var address = sockaddr_un()
        let room = MemoryLayout.size(ofValue: address.sun_path) - 1
        // `*` and `@name` are no files, and too long a path is libzmq's to refuse.
        guard let first = path.first, first != UInt8(ascii: "*"), first != UInt8(ascii: "@"),
            path.count <= room
        else { return false }
        address.sun_family = sa_family_t(AF_UNIX)
        // Sound: the bytes are of a live local, and the path is shorter than the field.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path) }
        return isAccepted(&address)
    }

    private static func isAccepted(_ address: inout sockaddr_un) -> Bool {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        // Sound: a `sockaddr_un` may be passed as `sockaddr` with its own length; it is only read.
        let code = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, length)
            }
        }
        // A full backlog is a listener, too.
        return code == 0 || errno == EAGAIN
    }
}

/// Checks what libzmq 4.3.4 does not: it takes a port modulo 65 536 and binds to another one.
enum TCPAddress {
    /// Throws `invalidAddress` when a `tcp` address does not end in a port; `*` and 0, a port of
    /// the system's choice, are for binding only.
    static func checkPort(_ address: String, binding: Bool) throws(ZeroMQError) {
        guard address.hasPrefix("tcp://") else { return }
        let port = address.split(separator: ":", omittingEmptySubsequences: false).last ?? ""
        if binding, port == "*" { return }
        guard port.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = UInt16(port), number > 0 || binding
        else {
            throw .invalidAddress(address, key: binding ? "listen" : "connect", cause: nil)
        }
    }
}
