internal import Foundation

/// A JSON Schema, as far as the schemas of Ogive use the language: a keyword that is not known here
/// is a problem, so that nothing passes unchecked.
package struct JSONSchema {
    private let root: Value
    private let definitions: [String: Value]

    /// Any JSON value.
    private indirect enum Value: Hashable, Decodable {
        case null
        case bool(Bool)
        case number(Double)
        case text(String)
        case list([Value])
        case object([String: Value])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? container.decode(Double.self) {
                self = .number(value)
            } else if let value = try? container.decode(String.self) {
                self = .text(value)
            } else if let value = try? container.decode([Value].self) {
                self = .list(value)
            } else {
                self = .object(try container.decode([String: Value].self))
            }
        }

        var elements: [Value] { if case .list(let list) = self { list } else { [] } }
        var fields: [String: Value]? { if case .object(let fields) = self { fields } else { nil } }
        var text: String? { if case .text(let text) = self { text } else { nil } }

        /// Whether it is of a type, as JSON Schema names it.
        func isOf(_ type: String) -> Bool {
            switch self {
            case .null: type == "null"
            case .bool: type == "boolean"
            case .number(let number):
                type == "number" || (type == "integer" && number.rounded() == number)
            case .text: type == "string"
            case .list: type == "array"
            case .object: type == "object"
            }
        }
    }

    /// Reads a file with `$defs`.
    package init(file: String) throws {
        try self.init(text: String(contentsOf: URL(fileURLWithPath: file), encoding: .utf8))
        if definitions.isEmpty { throw Unexpected("\(file) has no $defs") }
    }

    /// Reads the text of a schema.
    package init(text: String) throws {
        root = try JSONDecoder().decode(Value.self, from: Data(text.utf8))
        definitions = root.fields?["$defs"]?.fields ?? [:]
    }

    /// The names of the definitions.
    package var names: Set<String> { Set(definitions.keys) }

    /// What is wrong with a JSON text, each with its place; empty when it is as `definition` says.
    package func problems(_ text: String, _ definition: String) -> [String] {
        guard let value = value(text) else { return ["no JSON: \(text.prefix(200))"] }
        return reference(value, .text(definition), definition)
    }

    /// What is wrong with a JSON text, each with its place; empty when it is as the schema says.
    package func problems(_ text: String) -> [String] {
        guard let value = value(text) else { return ["no JSON: \(text.prefix(200))"] }
        return check(value, root, "")
    }

    private func value(_ text: String) -> Value? {
        try? JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }

    private func check(_ value: Value, _ schema: Value, _ place: String) -> [String] {
        guard let rules = schema.fields else { return ["\(place): no schema"] }
        return rules.sorted { $0.key < $1.key }.flatMap { keyword, rule in
            problems(value, keyword, rule, rules, place)
        }
    }

    private func problems(
        _ value: Value, _ keyword: String, _ rule: Value, _ rules: [String: Value],
        _ place: String
    ) -> [String] {
        func unless(_ isRight: Bool, _ text: String) -> [String] {
            isRight ? [] : ["\(place): \(text)"]
        }
        switch keyword {
        case "$defs", "$schema", "default", "description", "properties", "title": return []
        case "$ref": return reference(value, rule, place)
        case "type":
            let types = rule.text.map { [$0] } ?? rule.elements.compactMap(\.text)
            return unless(types.contains { value.isOf($0) }, "\(value) is no \(types)")
        case "enum": return unless(rule.elements.contains(value), "\(value) is not listed")
        case "const": return unless(value == rule, "\(value) is not \(rule)")
        case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
            guard case .number(let number) = value, case .number(let bound) = rule else {
                return []
            }
            return unless(isWithin(number, keyword, bound), "\(number) breaks \(keyword) \(bound)")
        case "pattern":
            guard let text = value.text, let pattern = rule.text else { return [] }
            let regex = try? Regex(pattern)
            return unless(
                regex.map { text.contains($0) } ?? false, "\(text) does not match \(pattern)")
        case "not": return unless(!check(value, rule, place).isEmpty, "\(value) is \(rule)")
        case "uniqueItems":
            let elements = value.elements
            return unless(Set(elements).count == elements.count, "an element is there twice")
        case "anyOf":
            let all = rule.elements.map { check(value, $0, place) }
            return all.contains(where: \.isEmpty) ? [] : all.min { $0.count < $1.count } ?? []
        case "items":
            return value.elements.enumerated().flatMap {
                check($0.element, rule, "\(place)[\($0.offset)]")
            }
        case "required":
            guard let fields = value.fields else { return [] }
            return rule.elements.compactMap(\.text).flatMap {
                unless(fields[$0] != nil, "lacks `\($0)`")
            }
        case "additionalProperties": return fields(value, rule, rules, place)
        default: return ["\(place): the schema has an unknown keyword, \(keyword)"]
        }
    }

    private func isWithin(_ number: Double, _ keyword: String, _ bound: Double) -> Bool {
        switch keyword {
        case "minimum": number >= bound
        case "maximum": number <= bound
        case "exclusiveMinimum": number > bound
        default: number < bound
        }
    }

    private func reference(_ value: Value, _ rule: Value, _ place: String) -> [String] {
        let name = rule.text?.split(separator: "/").last.map(String.init) ?? ""
        guard let target = definitions[name] else { return ["\(place): no definition \(name)"] }
        return check(value, target, place)
    }

    private func fields(
        _ value: Value, _ rule: Value, _ rules: [String: Value], _ place: String
    ) -> [String] {
        let known = rules["properties"]?.fields ?? [:]
        return (value.fields ?? [:]).sorted { $0.key < $1.key }.flatMap { name, field in
            if rule == .bool(false), known[name] == nil {
                return ["\(place): has `\(name)`, which the schema does not know"]
            }
            return check(field, known[name] ?? rule, "\(place).\(name)")
        }
    }
}
