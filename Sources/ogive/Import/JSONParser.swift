internal import OgiveCore

/// Reads one JSON text (RFC 8259) strictly.
///
/// The platform's decoder rounds numbers, keeps one of two equal keys without a word and takes
/// characters that PostgreSQL cannot store; rows with any of these are refused or kept exactly.
struct JSONParser {
    /// Why a text is refused.
    struct Problem: Error, Hashable {
        /// What is wrong.
        var text: String
        /// The column from 1, in bytes.
        var column: Int
        /// Whether it is JSON that PostgreSQL cannot store.
        var isUnstorable = false
    }

    /// Deepest nesting of lists and objects.
    static let depthMax = 128
    /// Most digits of a number before or after its point, exponent included: what every
    /// `numeric` and so `jsonb` of PostgreSQL takes.
    static let digitsMax = 1000

    /// What is said of a text between single quotes.
    private static let pythonText =
        "texts between `'` are Python's notation: write the rows with json.dumps"

    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads `bytes`, which must be valid UTF-8 and hold one value and white space only.
    static func parse(_ bytes: [UInt8]) throws(Problem) -> ExactJSON {
        var parser = JSONParser(bytes)
        parser.skipSpace()
        let value = try parser.value()
        parser.skipSpace()
        guard parser.index == bytes.count else {
            throw parser.problem(
                "there is more after the end of the value"
                    + (bytes[parser.index - 1] == 13
                        ? "; if its lines end with CR alone: tr '\\r' '\\n' < FILE > rows.jsonl"
                        : ""))
        }
        return value
    }

    private var next: UInt8? {
        index < bytes.count ? bytes[index] : nil
    }

    private func problem(_ text: String, isUnstorable: Bool = false) -> Problem {
        Problem(text: text, column: index + 1, isUnstorable: isUnstorable)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 32 || (9...10).contains(byte) || byte == 13 { index += 1 }
    }

    private mutating func value() throws(Problem) -> ExactJSON {
        switch next {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-") where notNumber == nil: return try number()
        case let byte? where Self.isDigit(byte): return try number()
        case nil: throw problem("the text ends within a value")
        case UInt8(ascii: "'"): throw problem("a value was expected; \(Self.pythonText)")
        case 0xef where bytes[index...].starts(with: [0xef, 0xbb, 0xbf]):
            throw problem(
                "a byte order mark stands within the file, as where files were joined; remove it: "
                    + "sed 's/\\xef\\xbb\\xbf//g' FILE > rows.jsonl")
        default: throw problem(notNumber ?? "a value was expected")
        }
    }

    /// A message for the words that Python and others write for what JSON has no number for.
    private var notNumber: String? {
        let names = ["NaN", "Infinity", "-Infinity", "None", "True", "False", "undefined"]
        guard let name = names.first(where: { bytes[index...].starts(with: $0.utf8) }) else {
            return nil
        }
        return "\(name) is not JSON; write null, a number, true or false"
    }

    private mutating func word(
        _ word: StaticString, _ value: ExactJSON
    ) throws(Problem) -> ExactJSON {
        let letters = Array("\(word)".utf8)
        guard bytes[index...].starts(with: letters) else { throw problem("a value was expected") }
        index += letters.count
        return value
    }

    private mutating func enter() throws(Problem) {
        depth += 1
        index += 1
        if depth > Self.depthMax { throw problem("nested deeper than \(Self.depthMax) levels") }
        skipSpace()
    }

    /// Passes a comma (true) or the end of a list or object (false).
    private mutating func continues(until end: UInt8) throws(Problem) -> Bool {
        skipSpace()
        guard let byte = next else { throw problem("the text ends within a value") }
        guard byte == end || byte == UInt8(ascii: ",") else {
            throw problem("`,` or `\(Character(UnicodeScalar(end)))` was expected")
        }
        index += 1
        if byte == end { depth -= 1 } else { skipSpace() }
        return byte != end
    }

    private mutating func array() throws(Problem) -> ExactJSON {
        try enter()
        var elements: [ExactJSON] = []
        if next == UInt8(ascii: "]") {
            _ = try continues(until: UInt8(ascii: "]"))
            return .array([])
        }
        repeat {
            elements.append(try value())
        } while try continues(until: UInt8(ascii: "]"))
        return .array(elements)
    }

    private mutating func object() throws(Problem) -> ExactJSON {
        try enter()
        var fields = JSONFields()
        if next == UInt8(ascii: "}") {
            _ = try continues(until: UInt8(ascii: "}"))
            return .object([:])
        }
        repeat {
            guard next == UInt8(ascii: "\"") else {
                let isPython = next == UInt8(ascii: "'")
                throw problem(
                    "a key in quotes was expected" + (isPython ? "; \(Self.pythonText)" : ""))
            }
            let key = try string()
            if fields[key] != nil { throw problem("the key `\(key.prefix(60))` occurs twice") }
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw problem("`:` was expected") }
            index += 1
            skipSpace()
            fields[key] = try value()
        } while try continues(until: UInt8(ascii: "}"))
        return .object(fields)
    }
}

// Texts.
extension JSONParser {
    private mutating func string() throws(Problem) -> String {
        index += 1
        let start = index
        skipPlain()
        if next == UInt8(ascii: "\"") {
            index += 1
            return String(decoding: bytes[start..<(index - 1)], as: UTF8.self)
        }
        var output = Array(bytes[start..<index])
        while let byte = next, byte != UInt8(ascii: "\"") {
            if byte < 32 { throw problem("a control character must be escaped") }
            if byte == UInt8(ascii: "\\") {
                index += 1
                try escape(into: &output)
            } else {
                let start = index
                skipPlain()
                output += bytes[start..<index]
            }
        }
        guard next != nil else { throw problem("the text ends within a text") }
        index += 1
        return String(decoding: output, as: UTF8.self)
    }

    /// Passes what stands in a text as it is.
    private mutating func skipPlain() {
        let start = index
        // Sound: the bytes are read only within the scope of the pointer.
        index = unsafe bytes.withUnsafeBufferPointer { unsafe JSONText.plainEnd($0, from: start) }
    }

    private mutating func escape(into output: inout [UInt8]) throws(Problem) {
        guard let byte = next else { throw problem("the text ends within a text") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(byte)
        case UInt8(ascii: "b"): output.append(8)
        case UInt8(ascii: "f"): output.append(12)
        case UInt8(ascii: "n"): output.append(10)
        case UInt8(ascii: "r"): output.append(13)
        case UInt8(ascii: "t"): output.append(9)
        case UInt8(ascii: "u"): output += Array(String(Character(try scalar())).utf8)
        default: throw problem("an unknown escape")
        }
    }

    /// A character after `\u`, its second surrogate included.
    private mutating func scalar() throws(Problem) -> UnicodeScalar {
        let first = try fourDigits()
        var code = first
        if (0xD800..<0xDC00).contains(first), bytes[index...].starts(with: "\\u".utf8) {
            index += 2
            let second = try fourDigits()
            guard (0xDC00..<0xE000).contains(second) else {
                throw problem(
                    "half of a surrogate pair (\\u\(String(first, radix: 16)))", isUnstorable: true)
            }
            code = 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
        }
        if code == 0 { throw problem("the character U+0000", isUnstorable: true) }
        guard let scalar = UnicodeScalar(code) else {
            throw problem(
                "half of a surrogate pair (\\u\(String(first, radix: 16)))", isUnstorable: true)
        }
        return scalar
    }

    private mutating func fourDigits() throws(Problem) -> UInt32 {
        guard index + 4 <= bytes.count else { throw problem("the text ends within a text") }
        var code: UInt32 = 0
        for byte in bytes[index..<(index + 4)] {
            guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
                throw problem("four hexadecimal digits were expected after \\u")
            }
            code = code << 4 | UInt32(digit)
        }
        index += 4
        return code
    }
}

// Numbers.
extension JSONParser {
    private mutating func number() throws(Problem) -> ExactJSON {
        let start = index
        if next == UInt8(ascii: "-") { index += 1 }
        let leading = next
        var digits = try digits()
        if leading == UInt8(ascii: "0"), digits > 1 {
            throw problem("a number must not begin with 0")
        }
        if next == UInt8(ascii: ".") {
            index += 1
            digits += try self.digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            index += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { index += 1 }
            let from = index
            _ = try self.digits()
            let exponent = Int(String(decoding: bytes[from..<index], as: UTF8.self))
            digits += min(exponent ?? Self.digitsMax, Self.digitsMax)
        }
        if digits > Self.digitsMax {
            throw problem("a number with more than \(Self.digitsMax) digits")
        }
        return .number(String(decoding: bytes[start..<index], as: UTF8.self))
    }

    private mutating func digits() throws(Problem) -> Int {
        let start = index
        while let byte = next, Self.isDigit(byte) { index += 1 }
        if index == start { throw problem("a digit was expected") }
        return index - start
    }
}
