import Glibc

/// A plain TCP connection that speaks no ZeroMQ; closed with its owner.
final class RawConnection: Sendable {
    struct Failed: Error {}

    private let descriptor: Int32

    /// Connects to 127.0.0.1.
    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // Sound: a `sockaddr_in` may be passed as `sockaddr` with its own length; it is only read.
        let code = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, length)
            }
        }
        guard descriptor >= 0, code == 0 else { throw Failed() }
    }

    deinit {
        close(descriptor)
    }

    /// Sends bytes; whether they arrive does not matter.
    func send(_ bytes: [UInt8]) {
        // Sound: as many bytes as the array has.
        _ = unsafe Glibc.send(
            descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }

    /// Whether the other side closed it; takes what it had to say.
    var isClosed: Bool {
        var bytes = [UInt8](repeating: 0, count: 1024)
        while true {
            // Sound: as many bytes as the array has.
            let count = unsafe recv(
                descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            if count > 0 { continue }
            return count == 0 || errno == ECONNRESET
        }
    }
}
