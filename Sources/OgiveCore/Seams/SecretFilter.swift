internal import Synchronization

/// Finds secrets in a text, however a server wrote them, and hides them. Pure.
///
/// Found are any `bytesMin` consecutive bytes of a secret, of its reverse, and of its base64 and
/// base32, and their hexadecimal and decimal digits; each also in capital or small letters, with
/// anything but letters and digits in between, and in the escapes that `TextEscape` knows, one
/// within the other up to `levels` times. A server that means to give the secret away can: by
/// fewer bytes at a time, other letters in between, or a code of its own.
package struct SecretFilter: Sendable {
    /// Shorter secrets are not looked for: any text would hold them.
    package static let bytesMin = 8
    /// What stands in the place of a secret.
    package static let mark = "[hidden]"
    /// Escapes within escapes that are undone.
    private static let levels = 3

    /// What is looked for: `bytesMin` bytes each, in lower case.
    private var words: Set<UInt64> = []
    /// Two words each, where one would be in too many texts: digits.
    private var pairs: Set<SIMD2<UInt64>> = []

    /// Knows no secret.
    package init() {}

    /// Looks for a secret from now on; for one of a scheme, as in `Bearer KEY`, for the key.
    package mutating func add(_ secret: String) {
        let parts = secret.split(separator: " ")
        guard let last = parts.last, last.utf8.count >= Self.bytesMin else { return }
        let bytes = parts.count > 2 ? Array(secret.utf8) : Array(last.utf8)
        var texts = [bytes, bytes.reversed()]
        for alphabet in Self.base64 {
            for behind in 0..<3 {
                texts.append(Self.encoded(bytes, behind: behind, bits: 6, alphabet))
            }
        }
        for behind in 0..<5 {
            texts.append(Self.encoded(bytes, behind: behind, bits: 5, Self.base32))
        }
        for text in texts {
            words.formUnion(Self.words(text))
            words.formUnion(Self.words(Self.plain(text)))
        }
        let hexadecimal = bytes.flatMap { byte in
            [Self.hexadecimal[Int(byte >> 4)], Self.hexadecimal[Int(byte & 15)]]
        }
        let decimal = bytes.flatMap { Array(String($0).utf8) }
        for text in [hexadecimal, decimal] {
            let words = Self.words(text)
            for (first, second) in zip(words, words.dropFirst(Self.bytesMin)) {
                pairs.insert([first, second])
            }
        }
    }

    /// The text with a mark in the place of each secret, and of what looks like one: the token
    /// behind `Bearer` or `Basic`, and the password of a URL.
    package func hiding(in text: String) -> String {
        let bytes = Array(text.utf8)
        var isSecret = [Bool](repeating: false, count: bytes.count)
        Self.markCredentials(bytes, &isSecret)
        var units = bytes.indices.map { Unit(byte: bytes[$0], start: $0, end: $0 + 1) }
        for _ in 0..<(words.isEmpty ? 0 : Self.levels) {
            mark(units, &isSecret)
            mark(Self.unescaped(units, mail: true), &isSecret)
            let read = Self.unescaped(units, mail: false)
            if read.count == units.count { break }
            units = read
        }
        guard isSecret.contains(true) else { return text }
        var kept: [UInt8] = []
        for index in bytes.indices {
            if !isSecret[index] {
                kept.append(bytes[index])
            } else if index == 0 || !isSecret[index - 1] {
                kept += Array(Self.mark.utf8)
            }
        }
        return String(decoding: kept, as: UTF8.self)
    }

    /// A byte that is meant, and where the text writes it.
    private struct Unit {
        let byte: UInt8
        let start: Int
        let end: Int
    }

    /// Marks what is a secret as it stands, and without all that may stand in between.
    private func mark(_ units: [Unit], _ isSecret: inout [Bool]) {
        markWords(units, &isSecret)
        markWords(units.filter { Self.isPlain($0.byte) }, &isSecret)
    }

    private func markWords(_ units: [Unit], _ isSecret: inout [Bool]) {
        let read = Self.words(units.map(\.byte))
        for start in read.indices {
            let second = start + Self.bytesMin
            let isPair = second < read.count && pairs.contains([read[start], read[second]])
            guard isPair || words.contains(read[start]) else { continue }
            let end = units[start + Self.bytesMin * (isPair ? 2 : 1) - 1].end
            for index in units[start].start..<end { isSecret[index] = true }
        }
    }

    /// Each `bytesMin` consecutive bytes, in lower case, as one number.
    private static func words(_ bytes: [UInt8]) -> [UInt64] {
        var word: UInt64 = 0
        var words: [UInt64] = []
        for (index, byte) in bytes.enumerated() {
            word = word << 8 | UInt64(lower(byte))
            if index >= bytesMin - 1 { words.append(word) }
        }
        return words
    }

    private static func plain(_ bytes: [UInt8]) -> [UInt8] { bytes.filter(isPlain) }

    /// Whether it is a letter or a digit: all else may stand between the parts of a secret.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: false
        }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (65...90).contains(byte) ? byte + 32 : byte
    }
}

// MARK: Forms

extension SecretFilter {
    private static let hexadecimal = Array("0123456789abcdef".utf8)
    private static let base32 = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
    /// Both alphabets.
    private static let base64 = ["+/", "-_"].map {
        Array(("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + $0).utf8)
    }

    /// What `bits` bits a character make of the bytes behind `count` others, as far as it follows
    /// from them alone: a character at either end may hold bits of others.
    private static func encoded(
        _ bytes: [UInt8], behind count: Int, bits: Int, _ alphabet: [UInt8]
    ) -> [UInt8] {
        let all = [UInt8](repeating: 0, count: count) + bytes
        let places = (count * 8 + bits - 1) / bits..<all.count * 8 / bits
        return places.map { place in
            let index = (0..<bits).reduce(0) { value, bit in
                let at = place * bits + bit
                return value << 1 | Int(all[at / 8] >> (7 - UInt8(at % 8)) & 1)
            }
            return alphabet[index]
        }
    }

    /// The units with one level of escapes undone.
    private static func unescaped(_ units: [Unit], mail: Bool) -> [Unit] {
        var result: [Unit] = []
        var index = 0
        while index < units.count {
            let (bytes, length) = TextEscape.read(
                units[index...].prefix(TextEscape.bytesMax).map(\.byte), mail: mail)
            let (start, end) = (units[index].start, units[index + length - 1].end)
            result += bytes.map { Unit(byte: $0, start: start, end: end) }
            index += length
        }
        return result
    }
}

// MARK: Credentials

extension SecretFilter {
    private static let schemes = ["bearer", "basic"].map { Array($0.utf8) }

    /// Marks what is a secret by its place, whoever's it is.
    private static func markCredentials(_ bytes: [UInt8], _ isSecret: inout [Bool]) {
        for start in bytes.indices {
            if bytes[start...].starts(with: "://".utf8) {
                let rest = bytes[(start + 3)...].prefix { $0 > 32 && $0 != UInt8(ascii: "/") }
                guard let at = rest.lastIndex(of: UInt8(ascii: "@")),
                    let colon = rest[..<at].firstIndex(of: UInt8(ascii: ":"))
                else { continue }
                for index in (colon + 1)..<at { isSecret[index] = true }
            }
            for scheme in schemes where bytes[start...].lazy.map(lower).starts(with: scheme) {
                let rest = bytes[(start + scheme.count)...]
                let token = rest.drop { $0 == 32 }.prefix(while: isTokenByte)
                // `Bearer authentication` is no secret: tokens have digits.
                guard token.startIndex > rest.startIndex, token.count >= bytesMin,
                    token.contains(where: { (48...57).contains($0) })
                else { continue }
                for index in token.indices { isSecret[index] = true }
            }
        }
    }

    /// Whether it may stand in a token (RFC 6750, section 2.1).
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: "-._~+/=".utf8.contains(byte)
        }
    }
}

/// The secrets that this process sends to servers. What servers say passes through `hiding(in:)`
/// where it becomes an error, a finding or a fact, so that no secret is stored or logged.
package enum Secrets {
    private static let filter = Mutex(SecretFilter())

    /// Hides a key, or the value of a header, from now on.
    package static func add(_ secret: String) {
        filter.withLock { $0.add(secret) }
    }

    /// The text without secrets.
    package static func hiding(in text: String) -> String {
        filter.withLock { $0 }.hiding(in: text)
    }
}

/// The escapes of programs, URLs, mails and pages, as far as they may hide a text in another. Pure.
enum TextEscape {
    /// No escape is longer.
    static let bytesMax = 12

    /// The bytes that an escape at the beginning means, and its length; one byte where there is
    /// none. At most `bytesMax` bytes of the text are needed. `mail` reads mails' quoted-printable,
    /// and nothing else: `=` is in too many texts that are not.
    static func read(_ text: [UInt8], mail: Bool) -> (bytes: [UInt8], length: Int) {
        let next = text.count > 1 ? text[1] : 0
        let found: (bytes: [UInt8], length: Int)? =
            switch text[0] {
            case UInt8(ascii: "="): mail ? fixed(text, 1, 2) : nil
            case _ where mail: nil
            case UInt8(ascii: "%"): fixed(text, 1, 2)
            // C's and Python's lists of bytes.
            case UInt8(ascii: "0") where lower(next) == UInt8(ascii: "x"): fixed(text, 2, 2)
            case UInt8(ascii: "\\"): backslash(text, next)
            case UInt8(ascii: "&") where next == UInt8(ascii: "#"): entity(text)
            case 0xEF: fullWidth(text)
            default: nil
            }
        return found ?? ([text[0]], 1)
    }

    private static func backslash(
        _ text: [UInt8], _ next: UInt8
    ) -> (bytes: [UInt8], length: Int)? {
        switch next {
        case UInt8(ascii: "u") where text.count > 2 && text[2] == UInt8(ascii: "{"):
            guard let end = text.firstIndex(of: UInt8(ascii: "}")) else { return nil }
            return scalar(text[3..<end], 16).map { ($0, end + 1) }
        case UInt8(ascii: "u"): return fixed(text, 2, 4)
        case UInt8(ascii: "x"): return fixed(text, 2, 2)
        case UInt8(ascii: "0")...UInt8(ascii: "3"):
            guard text.count >= 4 else { return nil }
            return scalar(text[1..<4], 8).map { ($0, 4) }
        case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"): return ([32], 2)
        case 33...47, UInt8(ascii: "\\"): return ([next], 2)
        default: return nil
        }
    }

    /// HTML's, whether it ends in a semicolon or not.
    private static func entity(_ text: [UInt8]) -> (bytes: [UInt8], length: Int)? {
        let isHexadecimal = text.count > 2 && lower(text[2]) == UInt8(ascii: "x")
        let start = isHexadecimal ? 3 : 2
        guard start < text.count else { return nil }
        let digits = text[start...].prefix {
            (48...57).contains($0) || isHexadecimal && (97...102).contains(lower($0))
        }
        let isEnded = digits.endIndex < text.count && text[digits.endIndex] == UInt8(ascii: ";")
        return scalar(digits, isHexadecimal ? 16 : 10)
            .map { ($0, digits.endIndex + (isEnded ? 1 : 0)) }
    }

    /// ASCII in the width of Chinese characters: U+FF01 to U+FF5E.
    private static func fullWidth(_ text: [UInt8]) -> (bytes: [UInt8], length: Int)? {
        guard text.count >= 3, (0x80...0xBF).contains(text[2]) else { return nil }
        switch text[1] {
        case 0xBC where text[2] > 0x80: return ([text[2] - 0x60], 3)
        case 0xBD where text[2] < 0x9F: return ([text[2] - 0x20], 3)
        default: return nil
        }
    }

    private static func fixed(
        _ text: [UInt8], _ from: Int, _ count: Int
    ) -> (bytes: [UInt8], length: Int)? {
        guard text.count >= from + count else { return nil }
        return scalar(text[from..<from + count], 16).map { ($0, from + count) }
    }

    private static func scalar(_ digits: ArraySlice<UInt8>, _ radix: Int) -> [UInt8]? {
        guard !digits.isEmpty,
            let number = UInt32(String(decoding: digits, as: UTF8.self), radix: radix)
        else { return nil }
        return Unicode.Scalar(number).map { Array(String(Character($0)).utf8) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (65...90).contains(byte) ? byte + 32 : byte
    }
}
