internal import OgiveModels

/// The JSON Schema (draft 2020-12) of a configuration: what `ogive config schema` prints.
///
/// It takes what the readers take: a number may be a text with a variable, a list of texts may be
/// one text, and a key without a value is as if it were absent. Rules between keys are left to the
/// readers.
enum ConfigurationSchema {
    /// The schema as JSON text.
    static var text: String {
        var fields: JSONFields = [
            "$schema": .string("https://json-schema.org/draft/2020-12/schema"),
            "title": .string("The configuration of ogive \(ProgramVersion.text)"),
            "type": .string("object"),
        ]
        for (name, value) in mapping(Configuration.keys).inOrder { fields[name] = value }
        return ExactJSON.object(fields).indented()
    }

    /// Types by their names in JSON Schema, and what else is asked of values of these types.
    private struct Rule {
        var types: [String]
        var keywords: JSONFields = [:]

        /// Adds what another rule allows. A keyword asks something of one type only.
        mutating func add(_ other: Rule) {
            let new = other.types.filter { !types.contains($0) }
            types += new
            for (name, value) in other.keywords.inOrder { keywords[name] = value }
        }

        /// The schema of a value that obeys the rule.
        var fields: JSONFields {
            var fields: JSONFields = ["type": types.count == 1 ? .string(types[0]) : .texts(types)]
            for (name, value) in keywords.inOrder { fields[name] = value }
            return fields
        }
    }

    /// The types of YAML that are taken as texts.
    private static let scalar = Rule(types: ["string", "number", "boolean"])
    private static let variable: JSONFields = ["pattern": .string(TextForm.variable)]

    /// What is asked of an object with these keys, and with `others` that it need not have.
    private static func mapping(
        _ keys: [KeyDeclaration], others: [KeyDeclaration] = []
    ) -> JSONFields {
        var properties = JSONFields()
        for key in keys + others { properties[key.name] = schema(of: key, among: keys) }
        var fields: JSONFields = ["properties": .object(properties)]
        let required = keys.filter { $0.presence == .required }.map(\.name)
        if !required.isEmpty { fields["required"] = .texts(required) }
        fields["additionalProperties"] = .bool(false)
        return fields
    }

    /// The schema of the value of a key; `owner` are the keys of its section.
    private static func schema(
        of key: KeyDeclaration, among owner: [KeyDeclaration]
    ) -> ExactJSON {
        var rule = rule(of: key, among: owner)
        if let alternative = key.alternative { rule.add(self.rule(of: alternative)) }
        if key.presence != .required { rule.types.append("null") }
        var fields: JSONFields = ["description": .string(key.sentence)]
        if let standard = key.standard { fields["default"] = standard }
        for (name, value) in rule.fields.inOrder { fields[name] = value }
        return .object(fields)
    }

    private static func rule(of key: KeyDeclaration, among owner: [KeyDeclaration]) -> Rule {
        switch key.type {
        case .section:
            return Rule(types: ["object"], keywords: mapping(key.keys))
        case .sections(let ownerBut):
            let own = ownerBut.map { $0.union(key.keys.map(\.name)) }
            let others = own.map { own in owner.filter { !own.contains($0.name) } }
            let entry = Rule(
                types: ["object"], keywords: mapping(key.keys, others: others ?? []))
            return Rule(types: ["array"], keywords: ["items": .object(entry.fields)])
        default:
            return rule(of: key.type)
        }
    }

    private static func rule(of type: KeyType) -> Rule {
        switch type {
        case .text: return scalar
        case .integer(let least, let most):
            return Rule(
                types: ["integer", "string"],
                keywords: [
                    "minimum": .number(least), "maximum": .number(most),
                    // YAML lets one write 5_000_000, which is a text in its newer versions.
                    "pattern": .string("^[0-9]+(_[0-9]+)+$|" + TextForm.variable),
                ])
        case .number(let rule):
            var keywords = bounds(of: rule)
            keywords["pattern"] = variable["pattern"]
            return Rule(types: ["number", "string"], keywords: keywords)
        case .flag: return Rule(types: ["boolean", "string"], keywords: variable)
        case .form(let form):
            var rule = Rule(types: ["string"], keywords: ["pattern": .string(form.pattern)])
            if let integers = form.integers {
                rule.add(
                    Rule(
                        types: ["integer"],
                        keywords: [
                            "minimum": .number("\(integers.lowerBound)"),
                            "maximum": .number("\(integers.upperBound)"),
                        ]))
            }
            return rule
        case .choice(let words): return word(words)
        case .choices(let words):
            var rule = word(words)
            rule.add(
                Rule(
                    types: ["array"],
                    keywords: [
                        "items": .object(word(words).fields), "uniqueItems": .bool(true),
                    ]))
            return rule
        case .texts:
            var rule = scalar
            rule.add(Rule(types: ["array"], keywords: ["items": .object(scalar.fields)]))
            return rule
        case .numbers:
            return Rule(
                types: ["array"], keywords: ["items": .object(["type": .string("number")])])
        case .names:
            return Rule(
                types: ["object"], keywords: ["additionalProperties": .object(scalar.fields)])
        case .object, .section: return Rule(types: ["object"])
        case .sections: return Rule(types: ["array"])
        }
    }

    private static func bounds(of rule: NumberRule) -> JSONFields {
        var fields = JSONFields()
        fields["minimum"] = rule.minimum.map(ExactJSON.double)
        fields["exclusiveMinimum"] = rule.exclusiveMinimum.map(ExactJSON.double)
        fields["maximum"] = rule.maximum.map(ExactJSON.double)
        fields["exclusiveMaximum"] = rule.exclusiveMaximum.map(ExactJSON.double)
        if rule.excludesZero { fields["not"] = .object(["const": .number("0")]) }
        return fields
    }

    /// One of several words, or a variable. Values of other types match the pattern.
    private static func word(_ words: [String]) -> Rule {
        Rule(
            types: ["string"],
            keywords: ["anyOf": .array([.object(["enum": .texts(words)]), .object(variable)])])
    }
}

extension ExactJSON {
    /// A list of texts.
    fileprivate static func texts(_ texts: [String]) -> ExactJSON {
        .array(texts.map(ExactJSON.string))
    }

    /// The value as JSON text with a line for each field; lists of plain values stay on one.
    fileprivate func indented(_ indent: String = "") -> String {
        let inner = indent + "  "
        switch self {
        case .object(let fields) where !fields.isEmpty:
            let lines = fields.inOrder.map { name, value in
                "\(inner)\(ExactJSON.string(name).json): \(value.indented(inner))"
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        case .array(let elements) where elements.contains(where: { $0.fields != nil }):
            let lines = elements.map { inner + $0.indented(inner) }
            return "[\n" + lines.joined(separator: ",\n") + "\n\(indent)]"
        default:
            return jsonInOrder
        }
    }
}
