extension ConfigurationSection {
    /// A text after expansion of `${NAME}`; numbers and truth values are taken as written.
    func text(_ key: String) -> String? {
        guard let node = node(key) else { return nil }
        return expanded(node, key)?.text
    }

    /// A text that must be there and not be empty; `""` stands in after a report.
    func requiredText(_ key: String) -> String {
        guard let node = node(key) else {
            report(key, "is missing")
            return ""
        }
        guard let text = expanded(node, key)?.text else { return "" }
        if text.isEmpty { report(key, "must not be empty") }
        return text
    }

    /// A path; a relative one belongs to the configuration's folder, `-` stays as it is.
    func filePath(_ key: String) -> String? {
        guard let text = text(key) else { return nil }
        if text.isEmpty { report(key, "must not be empty") }
        return text == "-" ? text : reading.resolve(text)
    }

    /// A whole number within a range.
    func integer<Value: FixedWidthInteger>(
        _ key: String, default value: Value, in range: ClosedRange<Value>
    ) -> Value {
        guard let text = unquoted(key, "a whole number") else { return value }
        // YAML lets one write 5_000_000.
        guard let number = Value(text.replacing("_", with: "")) else {
            report(key, "must be a whole number in \(range.text), not \(quoted(key, text))")
            return value
        }
        if !range.contains(number) {
            report(key, "must be in \(range.text), not \(number)")
            return value
        }
        return number
    }

    /// A finite number for which `isValid` holds; `rule` says in words what that is.
    func number(
        _ key: String, default value: Double, _ rule: String = "a finite number",
        where isValid: (Double) -> Bool = { _ in true }
    ) -> Double {
        guard let text = unquoted(key, "a number") else { return value }
        guard let number = Double(text), number.isFinite, isValid(number) else {
            report(key, "must be \(rule), not \(quoted(key, text))")
            return value
        }
        return number
    }

    /// `true` or `false`.
    func flag(_ key: String, default value: Bool) -> Bool {
        guard let text = unquoted(key, "true or false") else { return value }
        switch text {
        case "true", "True": return true
        case "false", "False": return false
        default:
            report(key, "must be true or false, not \(quoted(key, text))")
            return value
        }
    }

    /// A duration like `30s`, within a range.
    func duration(
        _ key: String, default value: Duration, in range: ClosedRange<Duration>
    ) -> Duration {
        guard let text = text(key) else { return value }
        guard let duration = DurationText.parse(text) else {
            report(
                key, "must be a duration, not \(quoted(key, text))",
                hint: "write a number with ms, s, m, h or d, for example `30s` or `1m30s`")
            return value
        }
        if !range.contains(duration) {
            let bounds = [range.lowerBound, range.upperBound].map(DurationText.format)
            report(key, "must be in \(bounds[0])…\(bounds[1]), not \(quoted(key, text))")
            return value
        }
        return duration
    }

    /// A number of bytes like `8MiB`, within a range.
    func byteCount(_ key: String, default value: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = text(key) else { return value }
        guard let count = ByteCountText.parse(text) else {
            report(
                key, "must be a number of bytes, not \(quoted(key, text))",
                hint: "write a number with B, KiB, MiB or GiB, for example `8MiB`")
            return value
        }
        if !range.contains(count) {
            let bounds = [range.lowerBound, range.upperBound].map(ByteCountText.format)
            report(key, "must be in \(bounds[0])…\(bounds[1]), not \(quoted(key, text))")
            return value
        }
        return count
    }

    /// One of a fixed set of words; `nil` when absent.
    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ key: String, _ type: Value.Type = Value.self
    ) -> Value? {
        word(key, among: Value.allCases.map(\.rawValue)).flatMap { Value(rawValue: $0) }
    }

    /// One of some words, as it is; `nil` when absent.
    func word(_ key: String, among words: [String]) -> String? {
        guard let text = text(key) else { return nil }
        if words.contains(text) { return text }
        report(
            key, "must be one of \(words.joined(separator: ", ")), not \(quoted(key, text))",
            hint: NearestName.find(text, among: words).map { "did you mean `\($0)`?" })
        return nil
    }

    /// The value as it may be repeated in a message: what came from a variable stays unsaid.
    func quoted(_ key: String, _ text: String) -> String {
        guard case .scalar(let raw, _) = written(key) else { return "`\(text.prefix(60))`" }
        return "`\(raw.prefix(60))`"
    }

    /// A scalar that is no text in quotes; values of variables count as unquoted.
    private func unquoted(_ key: String, _ type: String) -> String? {
        guard let node = node(key) else { return nil }
        guard let value = expanded(node, key) else { return nil }
        if case .scalar(_, isQuoted: true) = node.value, !value.hasVariable {
            report(key, "must be \(type), not a text", hint: "remove the quotes")
            return nil
        }
        return value.text
    }

    private func expanded(
        _ node: ConfigurationNode, _ key: String
    ) -> EnvironmentExpansion? {
        guard case .scalar(let text, _) = node.value else {
            report(key, "must be a single value, not \(node.kind)")
            return nil
        }
        return expand(text, key, at: node.place)
    }

    /// Replaces variables in `text`; reports those that are not set.
    func expand(_ text: String, _ key: String, at place: SourcePlace) -> EnvironmentExpansion? {
        do throws(EnvironmentExpansion.Problem) {
            return try EnvironmentExpansion(of: text, in: reading.environment)
        } catch {
            reading.report("\(path(of: key)): \(error.text)", at: place, hint: error.hint)
            return nil
        }
    }
}

extension ClosedRange where Bound: FixedWidthInteger {
    /// The range in words; an upper bound without meaning is left out.
    fileprivate var text: String {
        "\(lowerBound)…\(upperBound)"
    }
}
