internal import Glibc

/// Shows errors as every command does: `error: …` on standard error, without a stack trace.
enum ErrorRendering {
    /// The text of an error; several lines get one `error:` each when they stand for themselves.
    static func text(_ error: any Error, style: TerminalStyle) -> String {
        let prefix = style.paint("error:", .red)
        guard let error = error as? CommandError else { return "\(prefix) \(error)\n" }
        guard error.code == .configuration, error.cause == nil else {
            return "\(prefix) \(error)\n"
        }
        return error.message.split(separator: "\n").map { "\(prefix) \($0)\n" }.joined()
    }

    /// Writes whole lines to standard error. On a terminal they first take away a progress line of
    /// `ogive run`, which is drawn again below them.
    static func writeLine(_ text: String) {
        let style = TerminalStyle(descriptor: STDERR_FILENO, environment: Environment.current)
        write(style.clearing + text)
    }

    /// Writes `text` to a descriptor; what cannot be written is lost, as with any closed pipe.
    static func write(_ text: String, to descriptor: Int32 = STDERR_FILENO) {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            // write reads at most the buffer's size from it.
            let count = unsafe bytes[start...].withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            }
            if count < 0, errno != EINTR { return }
            start += max(0, count)
        }
    }
}
