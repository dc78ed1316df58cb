internal import OgiveCore

/// The fields of a JSON object, in the order of its text and found by the bytes of their names.
struct JSONFields: Sendable, ExpressibleByDictionaryLiteral {
    private var order: [ExactText] = []
    private var values: [ExactText: JSONValue] = [:]

    /// Begins without fields.
    init() {}

    /// Fields as they are written; of two with one name the second one counts.
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (name, value) in elements { self[name] = value }
    }

    /// The fields of a dictionary, sorted by name.
    init(_ fields: [String: JSONValue]) {
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) { self[name] = value }
    }

    /// The value of a field; `nil` removes it.
    subscript(name: String) -> JSONValue? {
        get { values[ExactText(name)] }
        set {
            let key = ExactText(name)
            if values.updateOrRemove(newValue, key) == nil, newValue != nil { order.append(key) }
            if newValue == nil, order.last == key { order.removeLast() }
        }
    }

    /// The names, sorted by their bytes.
    var names: [String] { values.keys.sorted().map(\.text) }

    /// Names and values in the order of the text.
    var inOrder: [(name: String, value: JSONValue)] {
        // A name that was removed and put back stands in the order twice.
        var seen: Set<ExactText> = []
        return order.compactMap { key in
            guard let value = values[key], seen.insert(key).inserted else { return nil }
            return (key.text, value)
        }
    }

    /// Whether there are none.
    var isEmpty: Bool { values.isEmpty }

    /// Takes a field out.
    mutating func remove(_ name: String) -> JSONValue? {
        let value = self[name]
        self[name] = nil
        return value
    }
}

extension JSONFields: Hashable {
    // JSON gives the order of fields no meaning.
    static func == (left: Self, right: Self) -> Bool { left.values == right.values }

    func hash(into hasher: inout Hasher) { hasher.combine(values) }
}

extension Dictionary {
    /// Sets or removes a value; the one that was there.
    fileprivate mutating func updateOrRemove(_ value: Value?, _ key: Key) -> Value? {
        if let value { return updateValue(value, forKey: key) }
        return removeValue(forKey: key)
    }
}
