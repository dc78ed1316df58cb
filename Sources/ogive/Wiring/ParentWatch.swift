internal import Glibc

/// Notices the end of the process that started this one: its end of standard input closes.
enum ParentWatch {
    /// How often standard input is looked at.
    private static let period = Duration.milliseconds(100)

    /// Returns when standard input is closed by its other end, or the task is cancelled.
    static func waitForEnd() async {
        while !Task.isCancelled {
            var item = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            // One live `pollfd`, and the count says one; a timeout of zero does not block.
            let isReady = unsafe poll(&item, 1, 0) > 0
            if isReady {
                var byte: UInt8 = 0
                // The kernel writes at most one byte into a live local.
                if unsafe read(STDIN_FILENO, &byte, 1) <= 0 { return }
            }
            do {
                try await Task.sleep(for: period)
            } catch {
                return
            }
        }
    }
}
