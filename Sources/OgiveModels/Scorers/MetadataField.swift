internal import FoundationEssentials
internal import OgiveCore

/// Reads the fields of a prompt's metadata.
enum MetadataField {
    /// The field's text; a number or truth value as JSON writes it. Throws `missingField`.
    static func text(_ name: String, of prompt: Prompt) throws(ModelError) -> String {
        let object = try decode([String: Value].self, prompt)
        guard let value = object[name], let text = value.text else {
            throw missing(name, "that is a text or number", prompt, known: object.keys)
        }
        return text
    }

    /// The field as it is. Throws `missingField`.
    static func value(_ name: String, of prompt: Prompt) throws(ModelError) -> JSONValue {
        let object = try all(of: prompt)
        guard let value = object[name] else {
            throw missing(name, "in its metadata", prompt, known: object.keys)
        }
        return value
    }

    /// All fields. Throws `missingField`.
    static func all(of prompt: Prompt) throws(ModelError) -> [String: JSONValue] {
        try decode([String: JSONValue].self, prompt)
    }

    private static func decode<Object: Decodable>(_ type: Object.Type, _ prompt: Prompt)
        throws(ModelError) -> Object
    {
        do {
            return try BoundedJSON.decode(type, from: Data(prompt.metadata.utf8))
        } catch {
            throw ModelError(
                .missingField, "the metadata of prompt `\(prompt.key)` is no JSON object")
        }
    }

    private static func missing(
        _ name: String, _ what: String, _ prompt: Prompt, known: some Collection<String>
    ) -> ModelError {
        let known = known.sorted().prefix(20).joined(separator: ", ")
        return ModelError(
            .missingField,
            "prompt `\(prompt.key)` has no field `\(name)` \(what); its fields: "
                + (known.isEmpty ? "none" : known))
    }

    private struct Value: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self.text = text
            } else if let flag = try? container.decode(Bool.self) {
                text = "\(flag)"
            } else if let number = try? container.decode(Int64.self) {
                text = "\(number)"
            } else if let number = try? container.decode(Double.self) {
                text = "\(number)"
            } else {
                text = nil
            }
        }
    }
}
