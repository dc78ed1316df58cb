import FoundationEssentials
import Glibc
import OgiveCore
import Synchronization
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10))) struct SystemdNotifierTests {
    /// A loop whose clock a test moves.
    private final class Loop: Sendable {
        let pulse: Pulse
        private let moment: Moment

        private final class Moment: Sendable {
            let now = Mutex(TimePoint.zero)
        }

        init() {
            let moment = Moment()
            self.moment = moment
            pulse = Pulse(now: { moment.now.withLock { $0 } })
        }

        func wait(_ duration: Duration) {
            moment.now.withLock { $0 = $0 + duration }
        }
    }

    /// A socket in systemd's place; `name` begins with `@` where it has no file.
    private final class Listener {
        let name: String
        private let descriptor: Int32

        init(_ name: String) throws {
            self.name = name
            descriptor = socket(
                AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var bytes = Array(name.utf8)
            if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            // Fewer bytes than the field has; the length counts what is filled.
            unsafe withUnsafeMutableBytes(of: &address.sun_path) {
                unsafe $0.copyBytes(from: bytes)
            }
            let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
            // sockaddr_un is the form of AF_UNIX.
            let code = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    unsafe bind(descriptor, pointer, length)
                }
            }
            try #require(code == 0)
        }

        /// What was sent since, in order.
        func heard() -> [String] {
            var heard: [String] = []
            while true {
                var bytes = [UInt8](repeating: 0, count: 4096)
                // The array has as many bytes as the call may write.
                let count = unsafe recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
                guard count >= 0 else { return heard }
                heard.append(String(decoding: bytes.prefix(count), as: UTF8.self))
            }
        }

        deinit {
            close(descriptor)
            // A terminated path; nothing is kept of it.
            unsafe unlink(name)
        }
    }

    @Test(arguments: ["/tmp/ogive-notify", "@ogive-notify"])
    func `Ready at the first beat, then the watchdog is fed while the loop beats`(
        _ name: String
    ) throws {
        let listener = try Listener("\(name)-\(UInt64.random(in: 0 ... .max))")
        let manager = SystemdNotifier(
            environment: [
                "NOTIFY_SOCKET": listener.name, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7",
            ], process: 7)
        let loop = Loop()
        manager.status("loads\nmodels")
        #expect(!manager.tell(loop.pulse))
        #expect(listener.heard().isEmpty, "it is not ready yet")
        loop.pulse.beat()
        #expect(manager.tell(loop.pulse))
        #expect(listener.heard() == ["READY=1\nSTATUS=loads models"])
        loop.wait(.seconds(10))
        #expect(manager.tell(loop.pulse))
        #expect(listener.heard() == ["WATCHDOG=1"])
        loop.wait(.seconds(1))
        #expect(!manager.tell(loop.pulse))
        #expect(listener.heard().isEmpty, "a third of the limit without a beat")
        loop.pulse.beat()
        #expect(manager.tell(loop.pulse))
        #expect(listener.heard() == ["WATCHDOG=1"])
        manager.status("works")
        #expect(listener.heard() == ["STATUS=works"])
        manager.stopping()
        manager.status("too late")
        #expect(manager.tell(loop.pulse))
        #expect(
            listener.heard() == ["STOPPING=1\nSTATUS=drains: finishes what it began", "WATCHDOG=1"])
    }

    @Test func `A watchdog of another process, or none, is not fed`() async throws {
        for variables in [
            ["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"], ["WATCHDOG_USEC": "no"], [:],
        ] {
            let listener = try Listener("@ogive-notify-\(UInt64.random(in: 0 ... .max))")
            let manager = SystemdNotifier(
                environment: variables.merging(["NOTIFY_SOCKET": listener.name]) { $1 }, process: 7)
            let loop = Loop()
            loop.pulse.beat()
            // Ends by itself: there is nothing more to tell.
            try await manager.follow(loop.pulse)
            #expect(!manager.tell(loop.pulse))
            #expect(listener.heard() == ["READY=1\nSTATUS=running"])
        }
    }

    @Test func `A loop is followed until its service ends`() async throws {
        let listener = try Listener("@ogive-notify-\(UInt64.random(in: 0 ... .max))")
        let manager = SystemdNotifier(
            environment: ["NOTIFY_SOCKET": listener.name, "WATCHDOG_USEC": "30000"])
        let loop = Loop()
        loop.pulse.beat()
        var heard: [String] = []
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await manager.follow(loop.pulse) }
            defer { group.cancelAll() }
            while heard.count < 3 {
                try await Task.sleep(for: .milliseconds(10))
                heard += listener.heard()
            }
        }
        #expect(heard.prefix(3) == ["READY=1\nSTATUS=running", "WATCHDOG=1", "WATCHDOG=1"])
    }

    @Test(arguments: [
        [:], ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "vsock:2:1"],
        ["NOTIFY_SOCKET": "/no/such/socket"],
        ["NOTIFY_SOCKET": "/" + String(repeating: "long", count: 100)],
    ])
    func `Without a socket nothing happens`(_ environment: [String: String]) async throws {
        let manager = SystemdNotifier(environment: environment)
        let loop = Loop()
        loop.pulse.beat()
        try await manager.follow(loop.pulse)
        manager.status("works")
        manager.stopping()
    }
}
