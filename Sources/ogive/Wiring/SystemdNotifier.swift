internal import Glibc
internal import OgiveCore
internal import Synchronization

/// What systemd is told of a service of `Type=notify`, as sd_notify(3) and sd_watchdog_enabled(3)
/// describe it: when it is ready, what it does, that its loop goes on, and that it stops. Without
/// systemd nobody is told.
final class SystemdNotifier: Sendable {
    private struct State {
        var isReady = false
        var status = "running"
        var isStopping = false
    }

    /// The address of systemd's socket; `nil` without systemd.
    private let socket: String?
    /// How often the watchdog is fed, three times in its limit; `nil` when there is none.
    private let feedInterval: Duration?
    private let state = Mutex(State())

    /// How soon a beat is noticed, when one is missing.
    private static let period = Duration.milliseconds(250)
    /// The longest status that is told.
    private static let statusMax = 200

    /// Follows `NOTIFY_SOCKET`, and `WATCHDOG_USEC` where it is meant for this process.
    init(environment: [String: String] = Environment.current, process: Int32 = getpid()) {
        socket = environment["NOTIFY_SOCKET"].flatMap {
            $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil
        }
        let isForOther = environment["WATCHDOG_PID"].map { $0 != "\(process)" } ?? false
        let limit = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        feedInterval = limit > 0 && !isForOther ? .microseconds(limit) / 3 : nil
    }

    /// Tells of the service's loop until the task is cancelled, or systemd need not know more.
    func follow(_ pulse: Pulse) async throws {
        guard socket != nil else { return }
        while true {
            guard tell(pulse) else {
                try await Task.sleep(for: Self.period)
                continue
            }
            guard let feedInterval else { return }
            try await Task.sleep(for: feedInterval)
        }
    }

    /// The first beat of the loop says that the service is ready, later ones feed the watchdog. A
    /// loop that hangs feeds nothing, and systemd starts the service again. Answers whether there
    /// was a beat to tell of.
    func tell(_ pulse: Pulse) -> Bool {
        guard let age = pulse.age else { return false }
        let ready = state.withLock { state -> String? in
            guard !state.isReady else { return nil }
            state.isReady = true
            return "READY=1\nSTATUS=\(state.status)"
        }
        if let ready {
            send(ready)
            return true
        }
        guard let feedInterval, age <= feedInterval else { return false }
        send("WATCHDOG=1")
        return true
    }

    /// What the service does, in a line that `systemctl status` shows. Said before the service is
    /// ready, it counts from then on.
    func status(_ text: String) {
        let line = String(text.prefix(Self.statusMax).map { $0.isNewline ? " " : $0 })
        let isShown = state.withLock { state in
            state.status = line
            return state.isReady && !state.isStopping
        }
        if isShown { send("STATUS=\(line)") }
    }

    /// The service takes nothing new, and ends when it finished what it began.
    func stopping() {
        state.withLock { $0.isStopping = true }
        send("STOPPING=1\nSTATUS=drains: finishes what it began")
    }

    /// Sends a datagram. What systemd does not take is lost: nothing waits for it.
    private func send(_ text: String) {
        guard let path = socket else { return }
        var bytes = Array(path.utf8)
        // systemd writes the zero byte of an abstract address as `@`.
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        // Sound: fewer bytes than the field has, into a live local.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let message = Array(text.utf8)
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        // Sound: sockaddr_un is the form of AF_UNIX, and `length` counts what is filled of it; the
        // message has as many bytes as its array.
        _ = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe sendto(descriptor, message, message.count, flags, pointer, length)
            }
        }
    }
}
