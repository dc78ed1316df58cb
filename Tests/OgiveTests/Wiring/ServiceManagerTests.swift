import FoundationEssentials
import Glibc
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10))) struct ServiceManagerTests {
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
    func `Ready at the first turn, then the watchdog is fed three times in its limit`(
        _ name: String
    ) throws {
        let listener = try Listener("\(name)-\(UInt64.random(in: 0 ... .max))")
        let manager = ServiceManager(
            environment: [
                "NOTIFY_SOCKET": listener.name, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7",
            ], process: 7)
        manager.status("loads\nmodels")
        #expect(listener.heard().isEmpty, "it is not ready yet")
        let now = ContinuousClock.now
        manager.turn(now: now)
        #expect(listener.heard() == ["READY=1\nSTATUS=loads models"])
        manager.turn(now: now + .seconds(9))
        #expect(listener.heard().isEmpty)
        manager.turn(now: now + .seconds(10))
        manager.turn(now: now + .seconds(11))
        #expect(listener.heard() == ["WATCHDOG=1"])
        manager.status("works")
        #expect(listener.heard() == ["STATUS=works"])
        manager.stopping()
        manager.status("too late")
        manager.turn(now: now + .seconds(20))
        #expect(
            listener.heard() == ["STOPPING=1\nSTATUS=drains: finishes what it began", "WATCHDOG=1"])
    }

    @Test func `A watchdog of another process, or none, is not fed`() throws {
        for variables in [
            ["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"], ["WATCHDOG_USEC": "no"], [:],
        ] {
            let listener = try Listener("@ogive-notify-\(UInt64.random(in: 0 ... .max))")
            let manager = ServiceManager(
                environment: variables.merging(["NOTIFY_SOCKET": listener.name]) { $1 }, process: 7)
            let now = ContinuousClock.now
            manager.turn(now: now)
            manager.turn(now: now + .seconds(3600))
            #expect(listener.heard() == ["READY=1\nSTATUS=running"])
        }
    }

    @Test(arguments: [
        [:], ["NOTIFY_SOCKET": ""], ["NOTIFY_SOCKET": "vsock:2:1"],
        ["NOTIFY_SOCKET": "/no/such/socket"],
        ["NOTIFY_SOCKET": "/" + String(repeating: "long", count: 100)],
    ])
    func `Without a socket nothing happens`(_ environment: [String: String]) {
        let manager = ServiceManager(environment: environment)
        manager.turn()
        manager.status("works")
        manager.stopping()
    }
}
