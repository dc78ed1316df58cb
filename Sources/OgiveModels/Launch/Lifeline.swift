internal import Glibc
internal import OgiveCore

/// A connection whose closing tells a supervisor that this process is gone.
package struct Lifeline: ~Copyable {
    /// The supervisor's standard input.
    let readEnd: Int32
    private let writeEnd: Int32

    /// Opens both ends; no other child inherits them, which would keep a supervisor waiting.
    init() throws(ModelError) {
        var ends: [Int32] = [-1, -1]
        // The array has room for the two descriptors.
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw ModelError(
                .processDied,
                "no socket pair can be opened: \(unsafe String(cString: strerror(errno)))")
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    /// Whether the other end of a descriptor is closed; takes a byte that was written to it. Never
    /// blocks.
    package static func isClosed(_ descriptor: Int32) -> Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // One live `pollfd`, and the count says one; with a timeout of zero the call returns at
        // once, and the read after it has something to read.
        guard unsafe poll(&item, 1, 0) > 0 else { return false }
        var byte: UInt8 = 0
        // The kernel writes at most one byte into a live local.
        let count = unsafe read(descriptor, &byte, 1)
        return count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }
}
