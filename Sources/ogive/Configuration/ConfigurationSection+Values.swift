internal import OgiveModels

extension ConfigurationSection {
    /// A text after expansion of `${NAME}`; numbers and truth values are taken as written.
    func text(
        _ key: String, _ about: String, example: String, absent: String? = nil,
        presence: KeyPresence = .off
    ) -> String? {
        text(
            of: KeyDeclaration(
                name: key, type: .text, about: about, example: example, absent: absent,
                presence: presence))
    }

    /// A text that has a default.
    func text(_ key: String, default value: String, _ about: String) -> String {
        text(
            of: KeyDeclaration(
                name: key, type: .text, about: about, standard: .string(value), presence: .on))
            ?? value
    }

    /// A text that must be there and not be empty; `""` stands in after a report.
    func requiredText(_ key: String, _ about: String, example: String) -> String {
        let declaration = KeyDeclaration(
            name: key, type: .text, about: about, example: example, presence: .required)
        guard let node = node(declaration) else {
            reportMissing(key, hint: nil)
            return ""
        }
        guard let text = expanded(node, key)?.text else { return "" }
        if text.isEmpty { report(key, "must not be empty") }
        return text
    }

    /// A path; a relative one belongs to the configuration's folder, `-` stays as it is.
    func filePath(
        _ key: String, _ about: String, example: String, absent: String? = nil,
        presence: KeyPresence = .off
    ) -> String? {
        guard
            let text = text(
                key, about, example: example, absent: absent, presence: presence)
        else { return nil }
        if text.isEmpty { report(key, "must not be empty") }
        return text == "-" ? text : reading.resolve(text)
    }

    /// A text of the form that the declaration says, after expansion; the caller checks it.
    func text(of declaration: KeyDeclaration) -> String? {
        guard let node = node(declaration) else { return nil }
        return expanded(node, declaration.name)?.text
    }

    /// A whole number within a range. `declared` is the widest range where `range` follows from
    /// other keys.
    func integer<Value: FixedWidthInteger>(
        _ key: String, default value: Value, in range: ClosedRange<Value>,
        declared: ClosedRange<Value>? = nil, _ about: String
    ) -> Value {
        integer(
            of: KeyDeclaration(
                name: key, type: .wholeNumber(in: declared ?? range), about: about,
                standard: .number("\(value)"), presence: .on),
            in: range) ?? value
    }

    /// A whole number within a range; `nil` when it is absent or wrong.
    func integer<Value: FixedWidthInteger>(
        _ key: String, in range: ClosedRange<Value>, _ about: String, example: String,
        absent: String? = nil, presence: KeyPresence = .off
    ) -> Value? {
        integer(
            of: KeyDeclaration(
                name: key, type: .wholeNumber(in: range), about: about, example: example,
                absent: absent, presence: presence),
            in: range)
    }

    private func integer<Value: FixedWidthInteger>(
        of declaration: KeyDeclaration, in range: ClosedRange<Value>
    ) -> Value? {
        let key = declaration.name
        guard let text = unquoted(declaration, "a whole number") else { return nil }
        // YAML lets one write 5_000_000.
        guard let number = Value(text.replacing("_", with: "")) else {
            report(key, "must be a whole number in \(range.text), not \(quoted(key, text))")
            return nil
        }
        if !range.contains(number) {
            report(key, "must be in \(range.text), not \(number)")
            return nil
        }
        return number
    }

    /// A finite number that obeys a rule.
    func number(
        _ key: String, default value: Double, _ rule: NumberRule, _ about: String
    ) -> Double {
        number(
            of: KeyDeclaration(
                name: key, type: .number(rule), about: about, standard: .double(value),
                presence: .on),
            rule) ?? value
    }

    /// A finite number that obeys a rule; `nil` when it is absent or wrong.
    func number(
        _ key: String, _ rule: NumberRule, _ about: String, example: String,
        absent: String? = nil, presence: KeyPresence = .off
    ) -> Double? {
        number(
            of: KeyDeclaration(
                name: key, type: .number(rule), about: about, example: example, absent: absent,
                presence: presence),
            rule)
    }

    private func number(of declaration: KeyDeclaration, _ rule: NumberRule) -> Double? {
        guard let text = unquoted(declaration, "a number") else { return nil }
        guard let number = Double(text), rule.allows(number) else {
            let key = declaration.name
            report(key, "must be \(rule.text), not \(quoted(key, text))")
            return nil
        }
        return number
    }

    /// `true` or `false`.
    func flag(
        _ key: String, default value: Bool, _ about: String,
        presence: KeyPresence = .on
    ) -> Bool {
        let declaration = KeyDeclaration(
            name: key, type: .flag, about: about, standard: .bool(value), presence: presence)
        guard let text = unquoted(declaration, "true or false") else { return value }
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
        _ key: String, default value: Duration, in range: ClosedRange<Duration>, _ about: String
    ) -> Duration {
        duration(
            of: KeyDeclaration(
                name: key, type: .form(.duration(in: range)), about: about,
                standard: .string(DurationText.format(value)), presence: .on),
            in: range) ?? value
    }

    /// A duration like `30s`, within a range; `nil` when it is absent or wrong.
    func duration(
        _ key: String, in range: ClosedRange<Duration>, _ about: String, example: String,
        absent: String
    ) -> Duration? {
        duration(
            of: KeyDeclaration(
                name: key, type: .form(.duration(in: range)), about: about, example: example,
                absent: absent),
            in: range)
    }

    private func duration(
        of declaration: KeyDeclaration, in range: ClosedRange<Duration>
    ) -> Duration? {
        let key = declaration.name
        guard let text = text(of: declaration) else { return nil }
        guard let duration = DurationText.parse(text) else {
            report(
                key, "must be a duration, not \(quoted(key, text))",
                hint: "write a number with ms, s, m, h or d, for example `30s` or `1m30s`")
            return nil
        }
        if !range.contains(duration) {
            let bounds = [range.lowerBound, range.upperBound].map(DurationText.format)
            report(key, "must be in \(bounds[0])…\(bounds[1]), not \(quoted(key, text))")
            return nil
        }
        return duration
    }

    /// A number of bytes like `8MiB`, within a range.
    func byteCount(
        _ key: String, default value: Int, in range: ClosedRange<Int>, _ about: String
    ) -> Int {
        let declaration = KeyDeclaration(
            name: key, type: .form(.byteCount(in: range)), about: about,
            standard: .string(ByteCountText.format(value)), presence: .on)
        guard let text = text(of: declaration) else { return value }
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

    /// The value as it may be repeated in a message: what came from a variable stays unsaid.
    func quoted(_ key: String, _ text: String) -> String {
        guard case .scalar(let raw, _) = written(key) else { return "`\(text.prefix(60))`" }
        return "`\(raw.prefix(60))`"
    }

    /// A scalar that is no text in quotes; values of variables count as unquoted.
    private func unquoted(_ declaration: KeyDeclaration, _ type: String) -> String? {
        let key = declaration.name
        guard let node = node(declaration) else { return nil }
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
