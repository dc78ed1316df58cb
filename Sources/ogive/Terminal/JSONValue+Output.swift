/// What `--json` prints: objects whose fields `config/output.schema.json` defines.
extension JSONValue {
    /// The version of the schema, in each object. It grows when a field goes or changes its
    /// meaning, and not when one is added.
    static let outputVersion = JSONValue.number("1")

    /// An object as a command prints it.
    static func output(_ fields: JSONFields) -> JSONValue {
        var fields = fields
        fields["version"] = fields["version"] ?? outputVersion
        return .object(fields)
    }

    /// The same object as a line of a command that prints several.
    func event(_ name: String) -> JSONValue {
        var fields = fields ?? [:]
        fields["event"] = fields["event"] ?? .string(name)
        return .object(fields)
    }
}
