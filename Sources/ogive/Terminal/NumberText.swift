/// Numbers and times as people read them.
enum NumberText {
    /// A cost: two decimals, or as many as show the first two digits of a small one.
    static func cost(_ value: Double) -> String {
        guard value > 0, value < 0.1 else { return decimal(value, 2) }
        var digits = 2
        var scaled = value
        while scaled < 0.1, digits < 8 {
            scaled *= 10
            digits += 1
        }
        return decimal(value, digits)
    }

    /// A count with thin groups: `1 234 567`.
    static func count(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(" ") }
            text.append(digit)
        }
        return number < 0 ? "-\(text)" : text
    }

    /// A count of what `noun` names: `1 draw`, `1 234 draws`.
    static func count(_ number: Int, _ noun: String) -> String {
        "\(count(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    /// The same with the verb that fits: `1 draw is`, `1 234 draws are`.
    static func count(_ number: Int, _ noun: String, _ one: String, _ more: String) -> String {
        "\(count(number, noun)) \(number == 1 ? one : more)"
    }

    /// A number with `digits` decimals, never in scientific notation below 10¹⁵.
    static func decimal(_ number: Double, _ digits: Int) -> String {
        guard number.isFinite, abs(number) < 1e15 else { return "\(number)" }
        let scale = (0..<digits).reduce(Int64(1)) { product, _ in product * 10 }
        // Beyond this the decimals are noise, and the product would not fit.
        guard abs(number) < 9e18 / Double(scale) else { return count(Int(number.rounded())) }
        let scaled = Int64((number * Double(scale)).rounded())
        let sign = scaled < 0 ? "-" : ""
        let whole = "\(sign)\(scaled.magnitude / scale.magnitude)"
        guard digits > 0 else { return whole }
        let rest = String(scaled.magnitude % scale.magnitude)
        return "\(whole).\(String(repeating: "0", count: digits - rest.count))\(rest)"
    }

    /// A rate: three significant digits where that helps, groups where it is large.
    static func rate(_ number: Double) -> String {
        if number < 10 { return decimal(number, 2) }
        if number < 100 { return decimal(number, 1) }
        return number < 1e15 ? count(Int(number.rounded())) : "\(number)"
    }

    /// A time in its two largest units: `42s`, `3m 05s`, `2h 07m`, `3d 04h`.
    static func time(_ duration: Duration) -> String {
        let seconds = max(0, Int64((duration / .seconds(1)).rounded()))
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3600 { return "\(seconds / 60)m \(two(seconds % 60))s" }
        if seconds < 86_400 { return "\(seconds / 3600)h \(two(seconds % 3600 / 60))m" }
        return "\(seconds / 86_400)d \(two(seconds % 86_400 / 3600))h"
    }
}

/// Prompts as a person sees them.
enum PromptText {
    /// Digits of a hash that is a key.
    private static let whole = 64
    /// Digits that are shown of it.
    private static let shown = 12

    /// A key as it is shown: one that is a prompt's SHA-256 by its first digits, which
    /// `ogive query` takes in its place.
    static func short(_ key: String) -> String {
        key.count == whole ? shortening(key) : key
    }

    /// `text` with each hash of 64 hexadecimal digits cut to its first ones.
    static func shortening(_ text: String) -> String {
        var result = ""
        var digits = ""
        func flush() {
            result += digits.count == whole ? "\(digits.prefix(shown))…" : digits
            digits = ""
        }
        for character in text {
            if character.isASCII, character.isHexDigit, !character.isUppercase {
                digits.append(character)
            } else {
                flush()
                result.append(character)
            }
        }
        flush()
        return result
    }
}
