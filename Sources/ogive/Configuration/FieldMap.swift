/// Which fields of a row mean what: the section `prompts.fields`, for shapes that are not
/// recognised. A field inside another one is written `outer.inner`.
struct FieldMap: Hashable, Sendable {
    /// The field with the key of the prompt.
    var key: String?
    /// The field with the prompt as a text.
    var prompt: String?
    /// The field with the prompt as a list of messages.
    var messages: String?
    /// The field with a system message that goes before the prompt.
    var system: String?
    /// Candidates: from label to the field with the text or messages.
    var candidates: [String: String] = [:]
    /// The field with a list of candidates.
    var completions: String?
    /// The field of a message that names its role.
    var role = "role"
    /// The field of a message that holds its text.
    var content = "content"
    /// Roles by the names that the file gives them (`human: user`).
    var roles: [String: String] = [:]

    /// Maps nothing.
    init() {}

    /// Reads the section.
    init(from section: ConfigurationSection) {
        key = section.text("key")
        prompt = section.text("prompt")
        messages = section.text("messages")
        system = section.text("system")
        candidates = section.names("candidates") ?? [:]
        completions = section.text("completions")
        role = section.text("role") ?? "role"
        content = section.text("content") ?? "content"
        roles = section.names("roles") ?? [:]
        if (prompt == nil) == (messages == nil) {
            section.reading.report(
                "\(section.path) must give either `prompt` or `messages`", at: section.place)
        }
    }
}
