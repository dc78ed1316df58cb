/// Numbers as pages and axes show them.
package enum NumberLabel {
    /// A count with thin groups: `1 234 567`.
    package static func count(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = number < 0 ? "−" : ""
        for (index, digit) in digits.enumerated() {
            // A narrow space that does not break.
            if index > 0, (digits.count - index) % 3 == 0 { text.append("\u{202F}") }
            text.append(digit)
        }
        return text
    }

    /// A count of what `noun` names: `1 draw`, `1 234 draws`.
    package static func count(_ number: Int, _ noun: String) -> String {
        "\(count(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    /// The same with the verb that fits: `1 draw is`, `1 234 draws are`.
    package static func count(
        _ number: Int, _ noun: String, _ one: String, _ more: String
    ) -> String {
        "\(count(number, noun)) \(number == 1 ? one : more)"
    }

    /// A share of a whole as a percentage with up to two decimals; never `0 %` or `100 %` for what
    /// is not exactly that.
    package static func share(_ part: Int, of whole: Int) -> String {
        guard whole > 0 else { return "–" }
        let percent = Double(part) / Double(whole) * 100
        if part > 0, percent < 0.01 { return "< 0.01\u{202F}%" }
        if part < whole, percent > 99.99 { return "> 99.99\u{202F}%" }
        return decimal(percent, percent < 10 && part > 0 ? 2 : 1) + "\u{202F}%"
    }

    /// A value with about `digits` significant ones, in scientific notation where it is very large
    /// or very small.
    package static func value(_ number: Double, digits: Int = 4) -> String {
        guard number.isFinite else { return number.isNaN ? "–" : number < 0 ? "−∞" : "∞" }
        if number == 0 { return "0" }
        let exponent = Self.exponent(of: number)
        guard (-4...6).contains(exponent) else {
            let mantissa = Self.mantissa(of: number, exponent)
            return trimmed(decimal(mantissa, digits - 1)) + "e\(exponent)"
        }
        return trimmed(decimal(number, max(0, digits - 1 - exponent)))
    }

    /// A value with as many decimals as tell marks apart that are `step` from each other.
    static func tick(_ number: Double, step: Double) -> String {
        if abs(number) < step / 2 { return "0" }
        let exponent = Self.exponent(of: number)
        guard (-4...6).contains(exponent) else { return value(number, digits: 3) }
        // A step of 2.5 needs a digit more than its exponent says.
        var (decimals, scaled) = (0, step)
        while decimals < 8, abs(scaled - scaled.rounded()) > 1e-6 * abs(scaled) {
            decimals += 1
            scaled *= 10
        }
        return decimal(number, decimals)
    }

    /// A number with `digits` decimals, and with thin groups before them.
    package static func decimal(_ number: Double, _ digits: Int) -> String {
        guard number.isFinite, abs(number) < 1e9, digits < 10 else { return "\(number)" }
        let scale = (0..<digits).reduce(Int64(1)) { product, _ in product * 10 }
        let scaled = Int64((number * Double(scale)).rounded())
        let sign = scaled < 0 ? "−" : ""
        let whole = sign + count(Int(scaled.magnitude / scale.magnitude))
        guard digits > 0 else { return whole }
        let rest = String(scaled.magnitude % scale.magnitude)
        return "\(whole).\(String(repeating: "0", count: digits - rest.count))\(rest)"
    }

    /// The exponent of a number between 1 and 10 times a power of ten.
    static func exponent(of number: Double) -> Int {
        var exponent = 0
        var size = abs(number)
        while size >= 10 { (size, exponent) = (size / 10, exponent + 1) }
        while size < 1 { (size, exponent) = (size * 10, exponent - 1) }
        return exponent
    }

    private static func mantissa(of number: Double, _ exponent: Int) -> Double {
        var mantissa = number
        for _ in 0..<abs(exponent) { mantissa = exponent > 0 ? mantissa / 10 : mantissa * 10 }
        return mantissa
    }

    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        var text = text
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text
    }
}

/// Numbers of a drawing.
enum Coordinate {
    /// A coordinate with at most two decimals; what is not finite is 0.
    static func text(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e6 else { return "0" }
        let scaled = Int((value * 100).rounded())
        let (whole, rest) = (scaled.magnitude / 100, scaled.magnitude % 100)
        let sign = scaled < 0 ? "-" : ""
        if rest == 0 { return "\(sign)\(whole)" }
        return "\(sign)\(whole)."
            + (rest < 10 ? "0\(rest)" : rest % 10 == 0 ? "\(rest / 10)" : "\(rest)")
    }

    /// A point of a path.
    static func point(_ x: Double, _ y: Double) -> String { "\(text(x)) \(text(y))" }
}
