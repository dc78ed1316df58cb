internal import OgiveModels

extension ConfigurationSection {
    /// One of a fixed set of words; `nil` when it is absent or wrong.
    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ key: String, _ about: String, example: Value, absent: String? = nil,
        presence: KeyPresence = .off
    ) -> Value? {
        choice(
            key, among: Array(Value.allCases), about, example: example, absent: absent,
            presence: presence)
    }

    /// One of some of the words; `nil` when it is absent or wrong.
    func choice<Value: RawRepresentable<String>>(
        _ key: String, among values: [Value], _ about: String, example: Value,
        absent: String? = nil, presence: KeyPresence = .off
    ) -> Value? {
        choice(
            of: KeyDeclaration(
                name: key, type: .choice(values.map(\.rawValue)), about: about,
                example: example.rawValue, absent: absent, presence: presence), among: values)
    }

    /// One of a fixed set of words. The default counts if it is absent or wrong.
    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ key: String, default value: Value, _ about: String
    ) -> Value {
        choice(key, orDefault: value, about) ?? value
    }

    /// One of a fixed set of words; `nil` when it is absent, which means the default, or wrong.
    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ key: String, orDefault value: Value, _ about: String
    ) -> Value? {
        choice(key, among: Array(Value.allCases), orDefault: value, about)
    }

    /// One of some of the words; `nil` when it is absent, which means the default, or wrong.
    func choice<Value: RawRepresentable<String>>(
        _ key: String, among values: [Value], orDefault value: Value, _ about: String
    ) -> Value? {
        choice(
            of: KeyDeclaration(
                name: key, type: .choice(values.map(\.rawValue)), about: about,
                standard: .string(value.rawValue), presence: .on), among: values)
    }

    private func choice<Value: RawRepresentable<String>>(
        of declaration: KeyDeclaration, among values: [Value]
    ) -> Value? {
        word(of: declaration, among: values.map(\.rawValue)).flatMap { Value(rawValue: $0) }
    }

    /// One of these words, as it is; `nil` when it is absent or wrong.
    func word(
        _ key: String, among words: [String], _ about: String, example: String, absent: String?
    ) -> String? {
        word(
            of: KeyDeclaration(
                name: key, type: .choice(words), about: about, example: example, absent: absent),
            among: words)
    }

    /// One of these words, as it is. The default counts if it is absent or wrong.
    func word(
        _ key: String, among words: [String], default value: String, _ about: String
    ) -> String {
        word(
            of: KeyDeclaration(
                name: key, type: .choice(words), about: about, standard: .string(value),
                presence: .on),
            among: words) ?? value
    }

    private func word(of declaration: KeyDeclaration, among words: [String]) -> String? {
        guard let text = text(of: declaration) else { return nil }
        if words.contains(text) { return text }
        let key = declaration.name
        report(
            key, "must be one of \(words.joined(separator: ", ")), not \(quoted(key, text))",
            hint: NearestName.find(text, among: words).map { "did you mean `\($0)`?" })
        return nil
    }

    /// A list of words of `Value`, each at most once, or one of them alone.
    func choices<Value: RawRepresentable<String> & CaseIterable & Hashable>(
        _ key: String, default standard: [Value], _ about: String
    ) -> [Value] {
        let words = Self.words(Value.self)
        let declaration = KeyDeclaration(
            name: key, type: .choices(words), about: about,
            standard: .array(standard.map { .string($0.rawValue) }), presence: .on)
        guard let texts = texts(of: declaration) else { return standard }
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

    private static func words<Value: RawRepresentable<String> & CaseIterable>(
        _ type: Value.Type
    ) -> [String] {
        type.allCases.map(\.rawValue)
    }
}
