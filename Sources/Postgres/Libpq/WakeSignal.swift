internal import CLinux
internal import Glibc
internal import Synchronization

/// An eventfd that wakes a connection's thread out of `poll`.
final class WakeSignal: Sendable {
    /// The descriptor to poll for reading.
    let descriptor: Int32

    init() throws(PostgresError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else {
            throw PostgresError(
                .configuration,
                "No file descriptor is left for a database connection (errno \(errno)). "
                    + "Raise the limit of open files (ulimit -n).")
        }
    }

    deinit {
        close(descriptor)
    }

    /// Makes the descriptor readable; callable from any thread.
    func raise() {
        // A full counter is readable as well, so the result does not matter.
        _ = eventfd_write(descriptor, 1)
    }

    /// Makes the descriptor unreadable again.
    func clear() {
        var count: eventfd_t = 0
        // Sound: `count` outlives the call.
        _ = unsafe eventfd_read(descriptor, &count)
    }
}

/// The wish to cancel one statement. A wake-up for an earlier statement leaves it unset.
final class CancellationFlag: Sendable {
    private let wanted = Atomic<Bool>(false)
    private let wake: WakeSignal

    init(_ wake: WakeSignal) {
        self.wake = wake
    }

    /// Whether cancellation was asked for.
    var isSet: Bool { wanted.load(ordering: .acquiring) }

    /// Asks for cancellation; callable from any thread.
    func set() {
        wanted.store(true, ordering: .releasing)
        wake.raise()
    }
}
