/// Durations as people write them: `250ms`, `30s`, `5m`, `1h30m`.
enum DurationText {
    private static let units: [(name: String, nanoseconds: Double)] = [
        ("d", 86_400e9), ("h", 3_600e9), ("m", 60e9), ("s", 1e9), ("ms", 1e6),
    ]
    /// No duration of a configuration is longer: 10 000 days.
    private static let nanosecondsMax = 864_000_000e9

    /// Reads a sequence of numbers with units; a bare `0` is the only number without one.
    /// `nil` when the text is no duration.
    static func parse(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        guard !text.isEmpty else { return nil }
        var sum = 0.0
        var rest = text[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            let unit = rest.dropFirst(digits.count).prefix { $0.isLetter }
            guard let number = Double(digits), number >= 0,
                let scale = units.first(where: { $0.name == unit })?.nanoseconds
            else { return nil }
            sum += number * scale
            rest = rest.dropFirst(digits.count + unit.count)
        }
        return sum <= nanosecondsMax ? .nanoseconds(Int64(sum.rounded())) : nil
    }

    /// Writes a duration with the largest units that keep it exact to the millisecond.
    static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        var rest = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        if rest == 0 { return "0s" }
        var text = ""
        for unit in units {
            let size = Int64(unit.nanoseconds / 1e6)
            if rest >= size {
                text += "\(rest / size)\(unit.name)"
                rest %= size
            }
        }
        return text
    }
}

/// Numbers of bytes as people write them: `512B`, `64KiB`, `8MiB`.
enum ByteCountText {
    private static let units: [(name: String, bytes: Int)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1), ("", 1),
    ]

    /// Reads a whole number with a unit; `nil` when the text is none.
    static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let name = text.dropFirst(digits.count).drop { $0 == " " }
        guard let number = Int(digits), let unit = units.first(where: { $0.name == name })
        else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.bytes)
        return overflow ? nil : bytes
    }

    /// Writes a number of bytes roughly, with one decimal: `3.2 GiB`.
    static func rough(_ bytes: Int) -> String {
        guard let unit = units.first(where: { bytes >= $0.bytes && $0.bytes > 1 }) else {
            return "\(bytes) B"
        }
        return NumberText.decimal(Double(bytes) / Double(unit.bytes), 1) + " " + unit.name
    }

    /// Writes a number of bytes with the largest unit that keeps it exact.
    static func format(_ bytes: Int) -> String {
        let unit = units.first { bytes >= $0.bytes && bytes % $0.bytes == 0 }
        guard let unit, unit.bytes > 1 else { return "\(bytes)B" }
        return "\(bytes / unit.bytes)\(unit.name)"
    }
}
