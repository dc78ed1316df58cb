/// Splits Swift source text into tokens and comments, so that no rule is fooled by the contents of
/// strings, regular expressions or comments. Code in string interpolations counts as code.
struct SwiftLexer {
    /// The tokens read so far, in order.
    private(set) var tokens: [Token] = []
    /// The comments' text by the lines that they stand on, without their slashes.
    private(set) var comments: [Int: String] = [:]

    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var isAttached = false

    /// Reads the whole text.
    init(_ text: String) {
        bytes = Array(text.utf8)
        lexCode(insideInterpolation: false)
    }

    /// Whether a byte can be part of a name, a number, an attribute or a directive.
    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default:
            false
        }
    }

    private func peek(_ offset: Int = 0) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    private func starts(with text: StaticString, at offset: Int = 0) -> Bool {
        var index = offset
        for scalar in String(describing: text).utf8 {
            guard peek(index) == scalar else { return false }
            index += 1
        }
        return true
    }

    private mutating func advance() {
        if bytes[position] == UInt8(ascii: "\n") { line += 1 }
        position += 1
    }

    private mutating func emit(_ text: String, line: Int? = nil) {
        tokens.append(Token(text: text, line: line ?? self.line, isAttached: isAttached))
        isAttached = true
    }

    private mutating func lexCode(insideInterpolation: Bool) {
        var depth = 0
        while let byte = peek() {
            if byte <= UInt8(ascii: " ") {
                advance()
                isAttached = false
            } else if starts(with: "//") {
                lexLineComment()
            } else if starts(with: "/*") {
                lexBlockComment()
            } else if lexLiteral() {
                continue
            } else if Self.isWordByte(byte) {
                lexWord()
            } else {
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") { depth -= 1 }
                if insideInterpolation, depth < 0 { return }
                emit(String(decoding: [byte], as: UTF8.self))
                advance()
            }
        }
    }

    private mutating func lexWord() {
        let start = position
        while let byte = peek(), Self.isWordByte(byte) { advance() }
        emit(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func lexLineComment() {
        while let byte = peek(), byte == UInt8(ascii: "/") { advance() }
        let start = position
        while let byte = peek(), byte != UInt8(ascii: "\n") { advance() }
        comments[line, default: ""] += String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func lexBlockComment() {
        var depth = 0
        repeat {
            if starts(with: "/*") {
                depth += 1
                position += 2
            } else if starts(with: "*/") {
                depth -= 1
                position += 2
            } else if let byte = peek() {
                comments[line, default: ""] += String(decoding: [byte], as: UTF8.self)
                advance()
            }
        } while depth > 0 && position < bytes.count
        isAttached = false
    }

    /// Reads a string, a regular expression or a name in backticks if one starts here.
    private mutating func lexLiteral() -> Bool {
        if peek() == UInt8(ascii: "`") {
            lexQuotedName()
            return true
        }
        var hashes = 0
        while peek(hashes) == UInt8(ascii: "#") { hashes += 1 }
        if peek(hashes) == UInt8(ascii: "\"") {
            lexString(hashes: hashes)
            return true
        }
        guard peek(hashes) == UInt8(ascii: "/"), hashes > 0 || regexCanStart else { return false }
        return lexRegex(hashes: hashes)
    }

    private mutating func lexQuotedName() {
        let start = position
        advance()
        while let byte = peek(), byte != UInt8(ascii: "`"), byte != UInt8(ascii: "\n") {
            advance()
        }
        if peek() != nil { advance() }
        emit(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func lexString(hashes: Int) {
        emit("\"")
        position += hashes
        let isMultiline = starts(with: "\"\"\"")
        let quotes = isMultiline ? 3 : 1
        position += quotes
        while peek() != nil, !isRun(quotes: quotes, hashes: hashes) {
            if peek() == UInt8(ascii: "\\"), isRun(quotes: 0, hashes: hashes, at: 1) {
                position += 1 + hashes
                if peek() == UInt8(ascii: "(") {
                    advance()
                    lexCode(insideInterpolation: true)
                }
                if peek() != nil { advance() }
            } else {
                advance()
            }
        }
        position = min(position + quotes + hashes, bytes.count)
        isAttached = true
    }

    /// Whether this many quotes and then hashes stand here.
    private func isRun(quotes: Int, hashes: Int, at offset: Int = 0) -> Bool {
        for index in 0..<(quotes + hashes) {
            let wanted = index < quotes ? UInt8(ascii: "\"") : UInt8(ascii: "#")
            guard peek(offset + index) == wanted else { return false }
        }
        return true
    }

    /// Whether a slash here starts a regular expression and is not a division.
    private var regexCanStart: Bool {
        guard let next = peek(1), next > UInt8(ascii: " ") else { return false }
        guard let last = tokens.last else { return true }
        return ["(", ",", "=", ":", "[", "{", "!", "&", "|", "?", ";"].contains(last.text)
            || (last.text == "return" && !isAttached)
    }

    private mutating func lexRegex(hashes: Int) -> Bool {
        var end = hashes + 1
        while let byte = peek(end) {
            if byte == UInt8(ascii: "\n"), hashes == 0 { return false }
            if byte == UInt8(ascii: "\\") {
                end += 2
            } else if byte == UInt8(ascii: "/"), isRun(quotes: 0, hashes: hashes, at: end + 1) {
                emit("/")
                for _ in 0..<(end + 1 + hashes) { advance() }
                return true
            } else {
                end += 1
            }
        }
        return false
    }
}
