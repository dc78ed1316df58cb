/// Shows errors as every command does: `error: …` on standard error, without a stack trace.
enum ErrorRendering {
    /// The lines of an error; several lines get one `error:` each when they stand for themselves,
    /// else all but the first are indented: none of them can pass for another error.
    static func lines(_ error: any Error, style: TerminalStyle) -> [PaintedText] {
        let prefix = style.paint("error:", .red)
        let (text, isList) =
            if let error = error as? CommandError, error.code == .configuration,
                error.cause == nil
            {
                (error.message, true)
            } else {
                ("\(error)", false)
            }
        return text.split(separator: "\n").enumerated().map { number, line in
            if number == 0 || isList { return prefix + " \(line)" }
            return PaintedText(line.hasPrefix("  ") ? String(line) : "  \(line)")
        }
    }
}
