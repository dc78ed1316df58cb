internal import DedicatedThread
internal import Glibc
internal import OgiveCore

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

    /// Writes what escaped its own text, as `show(drawn:)` does; answers whether the output takes
    /// it.
    static func isWritten(_ text: String, to descriptor: Int32) -> Bool {
        write(text, to: descriptor)
    }

    /// What cannot be written is lost, as with any closed pipe; answers whether all was written.
    @discardableResult
    private static func write(_ text: String, to descriptor: Int32) -> Bool {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            // write reads at most the buffer's size from it.
            let count = unsafe bytes[start...].withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            }
            if count < 0, errno != EINTR { return false }
            start += max(0, count)
        }
        return true
    }
}

/// What `--json` prints: objects whose fields `config/output.schema.json` defines.
extension ExactJSON {
    /// The version of the schema, in each object. It grows when a field goes or changes its
    /// meaning, and not when one is added.
    static let outputVersion = ExactJSON.number("1")

    /// An object as a command prints it.
    static func output(_ fields: JSONFields) -> ExactJSON {
        var fields = fields
        fields["version"] = fields["version"] ?? outputVersion
        return .object(fields)
    }

    /// The same object as a line of a command that prints several.
    func event(_ name: String) -> ExactJSON {
        var fields = fields ?? [:]
        fields["event"] = fields["event"] ?? .string(name)
        return .object(fields)
    }
}

/// Text from outside as a terminal may get it: nothing in it moves the cursor, changes the
/// terminal, begins another line or turns the direction of writing. Colours are added behind it,
/// by `PaintedText`.
enum Printable {
    /// On one line: control and format characters, line ends among them, become escapes as JSON
    /// writes them, so that a line of JSON stays the same JSON.
    static func line(_ text: String) -> String {
        escaped(text) { _ in false }
    }

    /// On the lines that it has, with its tabs.
    static func text(_ text: String) -> String {
        escaped(text) { $0 == "\n" || $0 == "\t" }
    }

    private static func escaped(
        _ text: String, keeping isKept: (Unicode.Scalar) -> Bool
    ) -> String {
        var hidden = HiddenScalars()
        guard text.unicodeScalars.contains(where: { hidden.hides($0) }) else { return text }
        hidden = HiddenScalars()
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if !hidden.hides(scalar) || isKept(scalar) {
                shown.append(scalar)
            } else {
                shown.append(contentsOf: escape(scalar).unicodeScalars)
            }
        }
        return String(shown)
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default:
            return String(scalar).utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        }
    }
}

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

/// Asks a person before data is lost.
enum Confirmation {
    /// Throws unless a person types `word`; `action` says what `--yes` would do without asking.
    static func require(_ what: String, _ word: String, or action: String) async throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandError(
                .configuration, "there is no terminal to ask on: give --yes to \(action)")
        }
        Output.show(text: "type \(what) to go on: ", on: STDERR_FILENO)
        let answer = try await BlockingCall.run("terminal") { readLine() }
        guard answer == word else {
            throw CommandError(.interrupted, "not confirmed: nothing was removed")
        }
    }
}
