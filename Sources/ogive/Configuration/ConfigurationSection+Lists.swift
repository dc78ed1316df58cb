internal import OgiveCore
internal import OgiveModels

extension ConfigurationSection {
    /// A list of texts after expansion; a single value counts as a list of one.
    func texts(
        _ key: String, _ about: String, example: String, absent: String? = nil,
        presence: KeyPresence = .off
    ) -> [String]? {
        texts(
            of: KeyDeclaration(
                name: key, type: .texts, about: about, example: example, absent: absent,
                presence: presence))
    }

    /// A list of texts that has a default.
    func texts(_ key: String, default value: [String], _ about: String) -> [String] {
        texts(
            of: KeyDeclaration(
                name: key, type: .texts, about: about,
                standard: .array(value.map(ExactJSON.string)), presence: .on)) ?? value
    }

    /// The texts of a key; the caller checks them.
    func texts(of declaration: KeyDeclaration) -> [String]? {
        let key = declaration.name
        guard let node = node(declaration) else { return nil }
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

    /// A list of sections; `nil` when absent. With `ownerBut`, an entry also takes the keys of this
    /// section, but for these.
    func sections<Value>(
        _ key: String, _ about: String, ownerBut: Set<String>? = nil,
        _ read: (ConfigurationSection) -> Value
    ) -> [Value]? {
        let declaration = KeyDeclaration(
            name: key, type: .sections(ownerBut: ownerBut), about: about)
        guard let node = node(declaration) else {
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
    func numbers(_ key: String, _ about: String, example: String) -> [Double]? {
        let declaration = KeyDeclaration(
            name: key, type: .numbers, about: about, example: example)
        guard let node = node(declaration) else { return nil }
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
    func names(
        _ key: String, _ about: String, example: String, absent: String? = nil
    ) -> [String: String]? {
        let declaration = KeyDeclaration(
            name: key, type: .names, about: about, example: example, absent: absent)
        guard let node = node(declaration) else { return nil }
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

    /// A mapping whose keys and values are free: what it is as JSON. Texts in quotes stay texts,
    /// and so does what came from a variable.
    func object(
        _ key: String, _ about: String, example: String
    ) -> [String: OgiveCore.JSONValue]? {
        let declaration = KeyDeclaration(
            name: key, type: .object, about: about, example: example)
        guard let node = node(declaration) else { return nil }
        guard case .mapping(let entries) = node.value else {
            report(key, "must be a mapping, not \(node.kind)")
            return nil
        }
        return object(entries, key)
    }

    private func object(
        _ entries: [ConfigurationNode.Entry], _ key: String
    ) -> [String: OgiveCore.JSONValue] {
        var object: [String: OgiveCore.JSONValue] = [:]
        for entry in entries { object[entry.key] = json(entry.node, "\(key).\(entry.key)") }
        return object
    }

    private func json(_ node: ConfigurationNode, _ key: String) -> OgiveCore.JSONValue? {
        switch node.value {
        case .null: return .null
        case .list(let items): return .list(items.compactMap { json($0, key) })
        case .mapping(let entries): return .object(object(entries, key))
        case .scalar(let text, let isQuoted):
            guard let value = expand(text, key, at: node.place) else { return nil }
            guard !isQuoted, !value.hasVariable else { return .text(value.text) }
            switch text {
            case "true": return .flag(true)
            case "false": return .flag(false)
            default: break
            }
            if let integer = Int64(text) { return .integer(integer) }
            if let number = Double(text), number.isFinite { return .number(number) }
            return .text(text)
        }
    }
}
