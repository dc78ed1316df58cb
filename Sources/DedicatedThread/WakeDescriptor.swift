import CLinux
import Glibc

/// A level-triggered flag that a blocked `poll` can wait for: an eventfd that this object owns.
///
/// Any thread may call `signal`; the descriptor then stays readable until `drain`. The descriptor
/// lives as long as this object, so who polls it holds a reference to the object meanwhile.
package final class WakeDescriptor: Sendable {
    /// The file descriptor to poll for reading; never read, write or close it directly.
    package let descriptor: Int32

    /// Opens the descriptor; throws `descriptorUnavailable` when there is none left.
    package init() throws(DedicatedThreadError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0 else {
            throw DedicatedThreadError(
                .descriptorUnavailable,
                message: "no file descriptor left for a wake-up; raise the limit (`ulimit -n`)",
                cause: errno)
        }
    }

    deinit {
        close(descriptor)
    }

    /// Makes the descriptor readable; never blocks.
    package func signal() {
        var one: UInt64 = 1
        repeat {
            // Sound: the kernel reads eight bytes of a live local. EAGAIN means that the counter
            // is full, hence that the descriptor is readable already.
            if unsafe write(descriptor, &one, MemoryLayout<UInt64>.size) >= 0 { return }
        } while errno == EINTR
    }

    /// Makes the descriptor unreadable until the next `signal`; never blocks.
    package func drain() {
        var count: UInt64 = 0
        repeat {
            // Sound: the kernel writes eight bytes into a live local. EAGAIN means not signalled.
            if unsafe read(descriptor, &count, MemoryLayout<UInt64>.size) >= 0 { return }
        } while errno == EINTR
    }

    /// Blocks the calling thread until the descriptor is readable. For dedicated threads only.
    package func wait() {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        repeat {
            // Sound: one live `pollfd`, and the count says one.
            if unsafe poll(&item, 1, -1) > 0 { return }
        } while errno == EINTR
    }
}

/// Why a dedicated thread or its wake descriptor could not be made.
package struct DedicatedThreadError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What failed.
    package enum Code: Sendable, Equatable {
        /// The process or the system has no file descriptor left.
        case descriptorUnavailable
        /// The system refused to start another thread.
        case threadUnavailable
    }

    /// What failed.
    package let code: Code
    /// What is wrong and what to do, for a person.
    package let message: String
    /// The `errno` that the system gave.
    package let cause: Int32

    /// Whether the same call may succeed later: both failures are shortages that can pass.
    package var isRetriable: Bool { true }

    /// The message with the system's error number.
    package var description: String { "\(message) (errno \(cause))" }

    init(_ code: Code, message: String, cause: Int32) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}
