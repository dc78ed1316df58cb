internal import OgiveCore

extension ConfigurationSection {
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
