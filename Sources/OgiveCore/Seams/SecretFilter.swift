internal import FoundationEssentials

/// Finds secrets in a text, however a server wrote them, and hides them. Pure.
///
/// Found are the secrets themselves, their base64 and their hexadecimal digits, each also in the
/// escapes of JSON, URLs and HTML, one within the other up to `levels` times. Of a secret that was
/// cut off, its first `bytesMin` bytes are enough.
package struct SecretFilter: Sendable {
    /// Shorter secrets are not looked for: any text would hold them.
    package static let bytesMin = 8
    /// What stands in the place of a secret.
    package static let mark = "[hidden]"
    /// Escapes within escapes that are undone.
    private static let levels = 3

    /// What is looked for, in lower case.
    private var forms: Set<[UInt8]> = []

    /// Knows no secret.
    package init() {}

    /// Looks for a secret from now on; for one of a scheme, as in `Bearer KEY`, for the key.
    package mutating func add(_ secret: String) {
        let words = secret.split(separator: " ")
        guard let last = words.last, last.utf8.count >= Self.bytesMin else { return }
        let secrets = words.count > 2 ? [Array(secret.utf8)] : [Array(last.utf8)]
        for secret in secrets {
            let written =
                [secret, Self.hexadecimal(secret)]
                + (0...2).flatMap {
                    Self.base64(secret, behind: $0)
                }
            forms.formUnion(written.map { $0.map(Self.lower) })
        }
    }

    /// The text with a mark in the place of each secret, and of what looks like one: the token
    /// behind `Bearer` or `Basic`, and the password of a URL.
    package func hiding(in text: String) -> String {
        let bytes = Array(text.utf8)
        var isSecret = [Bool](repeating: false, count: bytes.count)
        Self.markCredentials(bytes, &isSecret)
        var units = bytes.indices.map { Unit(byte: bytes[$0], start: $0, end: $0 + 1) }
        for _ in 0..<(forms.isEmpty ? 0 : Self.levels) {
            mark(units, &isSecret)
            let read = Self.unescaped(units)
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

    private func mark(_ units: [Unit], _ isSecret: inout [Bool]) {
        var byFirst: [UInt8: [[UInt8]]] = [:]
        for form in forms { byFirst[form[0], default: []].append(form) }
        for start in units.indices {
            for form in byFirst[Self.lower(units[start].byte)] ?? [] {
                let length = zip(units[start...], form)
                    .prefix { Self.lower($0.byte) == $1 }.count
                guard length >= Self.bytesMin else { continue }
                let end = units[start + length - 1].end
                for index in units[start].start..<end { isSecret[index] = true }
            }
        }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (65...90).contains(byte) ? byte + 32 : byte
    }
}

// MARK: Forms

extension SecretFilter {
    private static func hexadecimal(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    }

    /// What base64 makes of the bytes behind `count` others, as far as it follows from them alone,
    /// in both alphabets.
    private static func base64(_ bytes: [UInt8], behind count: Int) -> [[UInt8]] {
        let all = [UInt8](repeating: 0, count: count) + bytes
        // Six bits a character: the first ones, and an incomplete last one, hold others' bits.
        let text = Data(all).base64EncodedString().utf8.prefix(all.count * 8 / 6)
            .dropFirst((count * 8 + 5) / 6)
        guard text.count >= bytesMin else { return [] }
        let safe = text.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 }
            .map { $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 }
        return [Array(text), safe]
    }
}

// MARK: Escapes

extension SecretFilter {
    /// The units with one level of escapes undone.
    private static func unescaped(_ units: [Unit]) -> [Unit] {
        var result: [Unit] = []
        var index = 0
        while index < units.count {
            let (bytes, length) = escape(units[index...].prefix(12).map(\.byte))
            let (start, end) = (units[index].start, units[index + length - 1].end)
            result += bytes.map { Unit(byte: $0, start: start, end: end) }
            index += length
        }
        return result
    }

    /// The bytes that an escape at the beginning means, and its length; one byte where there is
    /// none.
    private static func escape(_ text: [UInt8]) -> (bytes: [UInt8], length: Int) {
        func scalar(_ digits: ArraySlice<UInt8>, _ radix: Int) -> [UInt8]? {
            guard !digits.isEmpty,
                let number = UInt32(String(decoding: digits, as: UTF8.self), radix: radix)
            else { return nil }
            return Unicode.Scalar(number).map { Array(String(Character($0)).utf8) }
        }
        func fixed(_ from: Int, _ count: Int) -> ([UInt8], Int)? {
            guard text.count >= from + count else { return nil }
            return scalar(text[from..<from + count], 16).map { ($0, from + count) }
        }
        let next = text.count > 1 ? text[1] : 0
        switch (text[0], next) {
        case (UInt8(ascii: "%"), _):
            if let found = fixed(1, 2) { return found }
        case (UInt8(ascii: "\\"), UInt8(ascii: "u")):
            if let found = fixed(2, 4) { return found }
        case (UInt8(ascii: "\\"), UInt8(ascii: "x")):
            if let found = fixed(2, 2) { return found }
        case (UInt8(ascii: "\\"), 33...47), (UInt8(ascii: "\\"), UInt8(ascii: "\\")):
            return ([next], 2)
        case (UInt8(ascii: "&"), UInt8(ascii: "#")):
            guard let end = text.firstIndex(of: UInt8(ascii: ";")), end > 2 else { break }
            let isHexadecimal = lower(text[2]) == UInt8(ascii: "x")
            let digits = text[(isHexadecimal ? 3 : 2)..<end]
            if let bytes = scalar(digits, isHexadecimal ? 16 : 10) { return (bytes, end + 1) }
        default: break
        }
        return ([text[0]], 1)
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
