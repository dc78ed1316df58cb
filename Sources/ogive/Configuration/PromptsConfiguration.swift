internal import OgiveModels

/// The prompts to import: the section `prompts`.
struct PromptsConfiguration: Hashable, Sendable {
    /// The name of the prompt set, with `-first-N` behind it when there is a limit, so that a trial
    /// has prompts of its own; `nil` when neither `set` nor `file` names it, as where the section
    /// only says how `ogive import FILE` and `ogive adopt FILE` read rows.
    var set: String?
    /// The file, `-` for standard input; `nil` when the set is in the database already.
    var file: String?
    /// Which fields of a row mean what, for shapes that are not recognised.
    var fields: FieldMap?
    /// Whether bad rows are left out, instead of nothing being imported.
    var skipBadRows: Bool
    /// Most bytes of a row; a longer one is a bad row.
    var lineBytesMax: Int
    /// How many rows of the file are read; `nil` reads all.
    var limit: Int?
    /// What the assistant's turn at the end of a chat is; `nil` refuses most such rows.
    var lastAssistant: ImportRules.LastAssistant?
    /// Fields that are metadata, whatever their names mean elsewhere.
    var metadata: [String]

    /// Reads the section.
    init(from section: ConfigurationSection) {
        file = section.filePath(
            "file",
            "JSON Lines or a JSON list, plain, gzip or zstd; `-` is standard input",
            example: "prompts.jsonl", absent: "the set is imported already", presence: .on)
        let given = section.text(
            "set", "name of the prompt set", example: "prompts",
            absent: "the file's name without extensions")
        if given == "" { section.report("set", "must not be empty") }
        skipBadRows = section.flag(
            "skip_bad_rows", default: false,
            "import the good rows and write the bad ones to FILE.bad.jsonl; else import nothing")
        lineBytesMax = section.byteCount(
            "line_bytes_max", default: 8 << 20, in: 1024...(256 << 20),
            "a longer row is a bad one")
        let count = section.integer(
            "limit", in: 0...Int.max,
            "read only this many rows, for a trial; the set is then named SET-first-20",
            example: "20", absent: "all rows, as with 0")
        let limit = count == 0 ? nil : count
        self.limit = limit
        set = (given ?? Self.name(of: file)).map { name in
            limit.map { "\(name)-first-\($0)" } ?? name
        }
        lastAssistant = section.choice(
            "last_assistant",
            """
            the assistant's turn at the end of a chat: candidate (a finished answer), continue \
            (the policy continues it)
            """,
            example: .candidate, absent: "such a row is bad, but in ShareGPT a candidate")
        metadata = section.texts(
            "metadata", default: [],
            "fields to take as metadata, even if Ogive knows their names: [images, tools]")
        fields = section.optional(
            "fields",
            """
            For rows of any other shape: what each field means. `outer.inner` reaches into \
            objects, `list.0` into lists, `list.*` takes all elements. Give exactly one of \
            `prompt` and `messages`.
            """,
            FieldMap.init(from:))
    }

    /// The name of the prompt set. Throws `.configuration` when nothing names it; `source` is the
    /// configuration's file.
    func requiredSet(_ source: String) throws(CommandError) -> String {
        guard let set else {
            throw CommandError(
                .configuration,
                "\(source) lacks `prompts.set`: name the prompt set, or give `prompts.file`, whose "
                    + "name it then has")
        }
        return set
    }

    /// Throws `.configuration` when the file is not one that can be read.
    func requireFile() throws(CommandError) {
        guard let file, file != "-", !PythonTable.isFolder(file) else { return }
        do throws(CommandError) {
            _ = try ByteSource.open(path: file)
        } catch {
            throw CommandError(.configuration, "`prompts.file`: \(error.message)")
        }
    }

    /// A file's name without folder and extensions: the name of its set when none is given.
    static func name(of file: String?) -> String? {
        guard let last = file?.split(separator: "/").last, last != "-" else { return nil }
        return last.split(separator: ".").first.map(String.init)
    }
}

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
    /// The field with the tools that the policy gets.
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
