internal import Glibc
internal import OgiveCore

/// A connection whose closing tells a supervisor that this process is gone.
struct Lifeline: ~Copyable {
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

    deinit {
        close(readEnd)
        close(writeEnd)
    }
}
