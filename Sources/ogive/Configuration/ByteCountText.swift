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
