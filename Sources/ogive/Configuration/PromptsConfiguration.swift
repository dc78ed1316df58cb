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
        file = section.filePath("file")
        let given = section.text("set")
        set = given ?? Self.name(of: file) ?? ""
        if given == "" { section.report("set", "must not be empty") }
        if given == nil, set.isEmpty {
            section.report("set", "is missing", hint: "name the prompt set, or give `file`")
        }
        fields = section.optional("fields", FieldMap.init(from:))
        let count = section.integer("limit", default: 0, in: 0...Int.max)
        limit = count == 0 ? nil : count
        if let limit { set += "-first-\(limit)" }
        lastAssistant = section.choice("last_assistant")
        metadata = section.texts("metadata") ?? []
        skipBadRows = section.flag("skip_bad_rows", default: false)
        lineBytesMax = section.byteCount(
            "line_bytes_max", default: 8 << 20, in: 1024...(256 << 20))
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
    static func name(of file: String?) -> String? {
        guard let last = file?.split(separator: "/").last, last != "-" else { return nil }
        return last.split(separator: ".").first.map(String.init)
    }
}
