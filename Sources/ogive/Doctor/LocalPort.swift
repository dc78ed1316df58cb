internal import Glibc

/// Tries whether one may listen on an address of this machine.
enum LocalPort {
    /// 0 when one may, else the error; `nil` for what is no IPv4 address.
    static func bind(host: String, port: UInt16) -> Int32? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        // Reads a text and fills the four bytes that it is given.
        guard unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return nil }
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return errno }
        defer { close(socket) }
        var yes: Int32 = 1
        let length = socklen_t(MemoryLayout<Int32>.size)
        // Takes `length` bytes of an integer; a port in its waiting time is free for a listener.
        _ = unsafe setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, length)
        // sockaddr_in is the form that the call takes for AF_INET.
        let code = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe Glibc.bind(
                    socket, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return code == 0 ? 0 : errno
    }
}
