extension ConfigurationSection {
    /// A list of words of `Value`, each at most once, or one of them alone; `nil` when absent.
    func choices<Value: RawRepresentable<String> & CaseIterable & Hashable>(
        _ key: String, _ type: Value.Type = Value.self
    ) -> [Value]? {
        guard let texts = texts(key) else { return nil }
        let words = Value.allCases.map(\.rawValue)
        var values: [Value] = []
        for text in texts {
            if let value = Value(rawValue: text), !values.contains(value) {
                values.append(value)
            } else {
                report(
                    key,
                    "must name each of \(words.joined(separator: ", ")) at most once, not "
                        + "`\(text.prefix(60))`")
            }
        }
        return values
    }

    /// A list of texts after expansion; a single value counts as a list of one.
    func texts(_ key: String) -> [String]? {
        guard let node = node(key) else { return nil }
        switch node.value {
        case .scalar(let text, _):
            return expand(text, key, at: node.place).map { [$0.text] }
        case .list(let items):
            return items.compactMap { item in
                guard case .scalar(let text, _) = item.value else {
                    reading.report(
                        "\(path(of: key)) must hold texts only, not \(item.kind)", at: item.place)
                    return nil
                }
                return expand(text, key, at: item.place)?.text
            }
        case .mapping, .null:
            report(key, "must be a list, not \(node.kind)")
            return nil
        }
    }

    /// A list of sections; `nil` when absent.
    func sections<Value>(
        _ key: String, _ read: (ConfigurationSection) -> Value
    ) -> [Value]? {
        guard let node = node(key) else {
            if reading.collectsKeys { _ = within(key, place: place, entries: [], read) }
            return nil
        }
        guard case .list(let items) = node.value else {
            report(key, "must be a list of mappings, not \(node.kind)")
            return nil
        }
        return items.compactMap { item in
            guard let entries = item.entries else {
                reading.report(
                    "\(path(of: key)) must hold mappings only, not \(item.kind)", at: item.place)
                return nil
            }
            return within(key, place: item.place, entries: entries, read)
        }
    }

    /// A list of finite numbers.
    func numbers(_ key: String) -> [Double]? {
        guard let node = node(key) else { return nil }
        guard case .list(let items) = node.value else {
            report(key, "must be a list of numbers, not \(node.kind)")
            return nil
        }
        return items.compactMap { item in
            if case .scalar(let text, isQuoted: false) = item.value, let number = Double(text),
                number.isFinite
            {
                return number
            }
            reading.report(
                "\(path(of: key)) must hold finite numbers only, not \(item.kind)", at: item.place)
            return nil
        }
    }

    /// A mapping from free names to texts.
    func names(_ key: String) -> [String: String]? {
        guard let node = node(key) else { return nil }
        guard let entries = node.entries else {
            report(key, "must be a mapping of names to texts, not \(node.kind)")
            return nil
        }
        var texts: [String: String] = [:]
        for entry in entries {
            guard case .scalar(let text, _) = entry.node.value else {
                reading.report(
                    "\(path(of: key)).\(entry.key) must be a text, not \(entry.node.kind)",
                    at: entry.place)
                continue
            }
            texts[entry.key] = expand(text, "\(key).\(entry.key)", at: entry.place)?.text
        }
        return texts
    }
}
