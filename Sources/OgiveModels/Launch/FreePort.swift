internal import Glibc
internal import OgiveCore

/// Finds a TCP port of the loopback interface that nobody listens on.
enum FreePort {
    /// A port that was free a moment ago; another process may take it before the server does, and
    /// then the server's own error says so.
    static func find() throws(ModelError) -> UInt16 {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { if socket >= 0 { close(socket) } }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // sockaddr_in is the form that the two calls take for AF_INET, and `length` is its size.
        let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(socket, pointer, length) == 0
                    ? unsafe getsockname(socket, pointer, &length) : -1
            }
        }
        guard socket >= 0, code == 0 else {
            // strerror gives a text that lives until the next call.
            throw ModelError(
                .misconfigured,
                "no free port on 127.0.0.1: \(unsafe String(cString: strerror(errno)))")
        }
        return UInt16(bigEndian: address.sin_port)
    }
}
