internal import CLinux
public import Glibc

/// The descriptors that connections of unknown clients never take.
///
/// libzmq accepts whoever comes until there is no descriptor left, and then nobody else in the
/// process gets one: not the database's connection, and not libdispatch, which ends the process
/// when it cannot open a file of its own.
enum DescriptorReserve {
    /// How many are kept where a process may have `limit`: a quarter, at most 256.
    static func size(limit: UInt64) -> Int32 {
        Int32(min(256, limit / 4))
    }

    /// Whether a descriptor just opened is of the reserve. The system gives the lowest number that
    /// is free, so that all the others are taken when it gives one so high.
    static func holds(_ descriptor: Int32, limit: UInt64) -> Bool {
        descriptor >= 0 && UInt64(descriptor) + UInt64(size(limit: limit)) >= limit
    }

    /// How many descriptors this process may have, now.
    static var limit: UInt64 {
        var limits = rlimit()
        // Sound: the call fills the structure that it is given.
        let code = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        return code == 0 ? UInt64(limits.rlim_cur) : .max
    }
}

/// `accept4` of this program, in the place of the C library's: libzmq offers no bound on what it
/// accepts, and calls this because a program's own symbols come before those of libraries. Public,
/// and named to the linker in `Package.swift`, or libraries would not see it.
///
/// A connection that would take a descriptor of the reserve is closed at once, and `ECONNABORTED`
/// says so, which every caller of `accept4` must expect. So the queue of those who wait is emptied,
/// and the thread that listens does not spin on it, as it would with `EMFILE`.
@_cdecl("accept4")
public func acceptOutsideOfReserve(
    _ listener: Int32, _ address: UnsafeMutablePointer<sockaddr>?,
    _ length: UnsafeMutablePointer<socklen_t>?, _ flags: Int32
) -> Int32 {
    // Sound: what the caller gives is passed on to the system as it is.
    let connection = unsafe ogive_accept4(listener, address, length, flags)
    guard DescriptorReserve.holds(connection, limit: DescriptorReserve.limit) else {
        return connection
    }
    close(connection)
    errno = ECONNABORTED
    return -1
}
