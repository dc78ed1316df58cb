internal import FoundationEssentials
internal import OgiveCore

/// Reads one field of a prompt's metadata as text.
enum MetadataField {
    /// The field's text; a number or truth value as JSON writes it. Throws `missingField`.
    static func text(_ name: String, of prompt: Prompt) throws(ModelError) -> String {
        let object: [String: Value]
        do {
            object = try BoundedJSON.decode(
                [String: Value].self, from: Data(prompt.metadata.utf8))
        } catch {
            throw ModelError(
                .missingField, "the metadata of prompt `\(prompt.key)` is no JSON object")
        }
        guard let value = object[name], let text = value.text else {
            let known = object.keys.sorted().prefix(20).joined(separator: ", ")
            throw ModelError(
                .missingField,
                "prompt `\(prompt.key)` has no field `\(name)` that is a text or number; its "
                    + "fields: \(known.isEmpty ? "none" : known)")
        }
        return text
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
