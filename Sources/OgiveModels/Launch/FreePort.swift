internal import Glibc
package import OgiveCore

/// Finds a TCP port of the loopback interface that nobody listens on.
package enum FreePort {
    /// Below the ports that Linux gives to outgoing connections (32 768 and up): one of these would
    /// take a port between now and the server's start, or while a dead server is started again.
    private static let range: Range<UInt16> = 20_000..<32_768
    private static let attemptsMax = 64

    /// A port that was free a moment ago. Another server may take it before this one does, and then
    /// the server's own error says so.
    package static func find() throws(ModelError) -> UInt16 {
        for _ in 0..<attemptsMax {
            if let port = free(UInt16.random(in: range)) { return port }
        }
        // 0: one that the system chooses.
        if let port = free(0) { return port }
        // strerror gives a text that lives until the next call.
        throw ModelError(
            .misconfigured,
            "no free port on 127.0.0.1: \(unsafe String(cString: strerror(errno)))")
    }

    /// The port, if nobody has it.
    private static func free(_ port: UInt16) -> UInt16? {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // sockaddr_in is the form that the two calls take for AF_INET, and `length` is its size.
        let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(socket, pointer, length) == 0
                    ? unsafe getsockname(socket, pointer, &length) : -1
            }
        }
        return code == 0 ? UInt16(bigEndian: address.sin_port) : nil
    }
}
