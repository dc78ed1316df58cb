/// Which fields of a row mean what: the section `prompts.fields`, for shapes that are not
/// recognised. `outer.inner` names a field within another one, `list.0` an element of a list, and
/// `list.*` all of them.
struct FieldMap: Hashable, Sendable {
    /// The field with the key of the prompt.
    var key: String?
    /// The field with the prompt as a text; the texts of several are joined.
    var prompt: [String] = []
    /// What stands between the texts of several fields.
    var join = "\n\n"
    /// The field with the prompt as a list of messages.
    var messages: String?
    /// The field with a system message that goes before the prompt.
    var system: String?
    /// The field with the tools that the policy is told of.
    var tools: String?
    /// Candidates: from label to the field with the text or messages.
    var candidates: [String: String] = [:]
    /// The field with a list of candidates.
    var completions: String?
    /// The field of an element of that list with the candidate's text.
    var completionText: String?
    /// The field of an element with the candidate's label.
    var completionLabel: String?
    /// The field of an element with a reward that the file gives the candidate.
    var completionReward: String?
    /// The field of a message that names its role; `nil` takes `role`, or ShareGPT's `from`.
    var role: String?
    /// The field of a message that holds its text; `nil` takes `content`, or ShareGPT's `value`.
    var content: String?
    /// Roles by the names that the file gives them (`human: user`).
    var roles: [String: String] = [:]

    /// The fields of a row that the map names.
    var fields: [String] {
        [key, messages, system, tools, completions].compactMap(\.self) + prompt
            + candidates.values
    }

    /// Maps nothing.
    init() {}

    /// Reads the section.
    init(from section: ConfigurationSection) {
        key = section.text(
            "key", "field with the key (text or whole number)", example: "uid",
            absent: "key, id, prompt_id, uid or task_id, else SHA-256 of the prompt")
        prompt =
            section.texts(
                "prompt", "field with the prompt as text; several are joined",
                example: "[instruction, input]") ?? []
        join = section.text(
            "join", default: join, "what stands between the texts of several fields")
        messages = section.text(
            "messages", "field with a list of messages", example: "conversations")
        system = section.text(
            "system", "field with a system message that goes before the prompt",
            example: "system_prompt")
        tools = section.text(
            "tools", "field with the tools that Ogive sends to the policy",
            example: "functions")
        candidates =
            section.names(
                "candidates", "for each label the field with a text or with messages",
                example: "{chosen: best, rejected: worst}") ?? [:]
        completions = section.text(
            "completions", "field with a list of candidates", example: "outputs")
        completionText = section.text(
            "completion_text", "field of an element of that list with its text",
            example: "response", absent: "text, completion")
        completionLabel = section.text(
            "completion_label", "field of an element with its label", example: "model",
            absent: "label")
        completionReward = section.text(
            "completion_reward", "field of an element with a reward that the file gives",
            example: "score", absent: "reward")
        role = section.text(
            "role", "field of a message that names its role", example: "role",
            absent: "role, or ShareGPT's `from`")
        content = section.text(
            "content", "field of a message that holds its text", example: "content",
            absent: "content, or ShareGPT's `value`")
        roles =
            section.names(
                "roles", "roles under other names", example: "{human: user, gpt: assistant}")
            ?? [:]
        if prompt.isEmpty == (messages == nil) {
            section.reading.report(
                "\(section.path) must give either `prompt` or `messages`", at: section.place)
        }
    }
}
