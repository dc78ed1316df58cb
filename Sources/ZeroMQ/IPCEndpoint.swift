import Glibc

/// Asks whether a Unix socket has a listener, which libzmq does not do before it takes its file.
enum IPCEndpoint {
    /// Whether `endpoint` is an `ipc` path on which somebody listens now; never blocks.
    static func hasListener(_ endpoint: String) -> Bool {
        let scheme = "ipc://"
        guard endpoint.hasPrefix(scheme) else { return false }
        let path = endpoint.utf8.dropFirst(scheme.utf8.count)
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
