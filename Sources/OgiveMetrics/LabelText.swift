internal import OgiveCore

/// Values of labels: they come from configurations and servers, and must not break the page.
enum LabelText {
    /// Stands for all values beyond the bound.
    static let other = "other"

    /// A value within its bound, without control characters: Prometheus takes a NUL for the end of
    /// the page. Line ends stay, and are escaped.
    static func bounded(_ value: String) -> String {
        let isPlain = value.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
        if isPlain, value.utf8.count <= Metric.labelMax { return value }
        var text = String.UnicodeScalarView()
        for scalar in value.unicodeScalars.prefix(Metric.labelMax) {
            text.append(isControl(scalar) ? "\u{FFFD}" : scalar)
        }
        return String(text)
    }

    /// A value as it stands between quotation marks.
    static func escaped(_ value: String) -> String {
        escaped(value, quotes: true)
    }

    /// A sentence as it stands behind `# HELP`; quotation marks are escaped in OpenMetrics only.
    static func escaped(help: String, _ format: Exposition.Format) -> String {
        escaped(help, quotes: format == .openMetrics)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": escaped.append(contentsOf: "\\n".unicodeScalars)
            case "\"" where quotes: escaped.append(contentsOf: "\\\"".unicodeScalars)
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar != "\n" && (scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value))
    }
}
