internal import OgiveModels

/// The prompts to import: the section `prompts`.
struct PromptsConfiguration: Hashable, Sendable {
    /// The name of the prompt set, with `-first-N` behind it when there is a limit, so that a trial
    /// has prompts of its own; "" only after a problem.
    var set: String
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
        set = given ?? Self.name(of: file) ?? ""
        if given == "" { section.report("set", "must not be empty") }
        if given == nil, set.isEmpty {
            section.report("set", "is missing", hint: "name the prompt set, or give `file`")
        }
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
        limit = count == 0 ? nil : count
        if let limit { set += "-first-\(limit)" }
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

    /// Throws `.configuration` when the file is not one that can be read.
    func requireFile() throws(CommandError) {
        guard let file, file != "-" else { return }
        do throws(CommandError) {
            _ = try ByteSource.open(path: file)
        } catch {
            throw CommandError(.configuration, "`prompts.file`: \(error.message)")
        }
    }

    /// A file's name without folder and extensions: the name of its set when none is given.
    private static func name(of file: String?) -> String? {
        guard let last = file?.split(separator: "/").last, last != "-" else { return nil }
        return last.split(separator: ".").first.map(String.init)
    }
}
