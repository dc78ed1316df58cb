internal import OgivePreflight

/// Findings as people and scripts read them.
struct FindingText {
    /// What the output can show.
    var style: TerminalStyle

    /// Everything, the worst last, where it is seen: each with its mark, code, place and advice.
    func lines(_ findings: [Finding]) -> [PaintedText] {
        var lines: [PaintedText] = []
        for severity in Finding.Severity.allCases {
            let group = findings.filter { $0.severity == severity }
            if group.isEmpty { continue }
            if !lines.isEmpty { lines.append(PaintedText("")) }
            for finding in group { lines += text(finding) }
        }
        return lines + [PaintedText(""), PaintedText(summary(findings))]
    }

    /// One finding in one or two lines.
    func text(_ finding: Finding) -> [PaintedText] {
        let mark = style.paint(Self.mark(finding.severity), Self.colour(finding.severity))
        let code = finding.code.rawValue
        let room = String(repeating: " ", count: max(1, 25 - code.count))
        let message = PromptText.shortening(Printable.line(finding.message))
        let first = mark + " \(code)\(room)\(finding.place): \(message)"
        return [first] + (finding.advice.map { [PaintedText("          → \($0)")] } ?? [])
    }

    /// How many there are of each kind.
    func summary(_ findings: [Finding]) -> String {
        Finding.Severity.allCases.reversed().compactMap { severity in
            let count = findings.count { $0.severity == severity }
            guard count > 0 else { return nil }
            return "\(count) \(severity.rawValue)" + (severity == .ok || count == 1 ? "" : "s")
        }.joined(separator: ", ")
    }

    private static func mark(_ severity: Finding.Severity) -> String {
        let word = severity.rawValue
        return word + String(repeating: " ", count: 8 - word.count)
    }

    private static func colour(_ severity: Finding.Severity) -> TerminalStyle.Colour {
        switch severity {
        case .ok: .green
        case .note: .cyan
        case .warning: .yellow
        case .error: .red
        }
    }
}

extension Finding {
    /// For a script.
    var json: JSONValue {
        .object([
            "code": .string(code.rawValue), "severity": .string(severity.rawValue),
            "place": .string(place), "message": .string(message),
            "advice": advice.map(JSONValue.string) ?? .null,
        ])
    }
}
