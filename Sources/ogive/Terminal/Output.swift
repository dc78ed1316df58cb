internal import Glibc

/// The one way to standard output and standard error. Whatever is written passes `Printable`:
/// names, reasons and texts come from workers, servers and files.
///
/// Not by `print`, which keeps text back when the output is a pipe or a file.
enum Output {
    /// Writes lines, each as one line whatever it holds: JSON, rows of tables, facts.
    static func show(_ lines: [String], on descriptor: Int32 = STDOUT_FILENO) {
        write(lines.map { Printable.line($0) + "\n" }.joined(), to: descriptor)
    }

    /// Writes lines with their colours, each as one line whatever it holds.
    static func show(_ lines: [PaintedText], on descriptor: Int32 = STDOUT_FILENO) {
        write(lines.map { $0.line + "\n" }.joined(), to: descriptor)
    }

    /// Writes one line.
    static func show(_ line: String, on descriptor: Int32 = STDOUT_FILENO) {
        show([line], on: descriptor)
    }

    /// Writes a text with the line ends that it has: of this program, or one that is to be read as
    /// it is, such as a completion.
    static func show(text: String, on descriptor: Int32 = STDOUT_FILENO) {
        write(Printable.text(text), to: descriptor)
    }

    /// Writes whole lines to standard error. On a terminal they first take away a progress line of
    /// `ogive run`, which is drawn again below them.
    static func warn(_ text: String) {
        let style = TerminalStyle(descriptor: STDERR_FILENO, environment: Environment.current)
        write(style.clearing + Printable.text(text), to: STDERR_FILENO)
    }

    /// Writes lines with their colours to standard error, as `warn` does.
    static func warn(_ lines: [PaintedText]) {
        let style = TerminalStyle(descriptor: STDERR_FILENO, environment: Environment.current)
        write(style.clearing + lines.map { $0.line + "\n" }.joined(), to: STDERR_FILENO)
    }

    /// Writes what a progress line says is to be written: it escapes its own text.
    static func show(drawn text: String, on descriptor: Int32) {
        write(text, to: descriptor)
    }

    /// Writes a progress line: over the one before, where it begins with `TerminalStyle.clear`.
    static func show(progress text: String, on descriptor: Int32 = STDERR_FILENO) {
        let isRedrawn = text.hasPrefix(TerminalStyle.clear)
        let rest = isRedrawn ? String(text.dropFirst(TerminalStyle.clear.count)) : text
        write((isRedrawn ? TerminalStyle.clear : "") + Printable.text(rest), to: descriptor)
    }

    /// What cannot be written is lost, as with any closed pipe.
    private static func write(_ text: String, to descriptor: Int32) {
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
