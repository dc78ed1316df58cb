/// The prompts to import: the section `prompts`.
struct PromptsConfiguration: Hashable, Sendable {
    /// The name of the prompt set; "" only after a problem.
    var set: String
    /// The file, `-` for standard input; `nil` when the set is in the database already.
    var file: String?
    /// Which fields of a row mean what, for shapes that are not recognised.
    var fields: FieldMap?
    /// Whether bad rows are left out, instead of nothing being imported.
    var skipBadRows: Bool
    /// Most bytes of a line; a longer one is a bad row.
    var lineBytesMax: Int

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
        skipBadRows = section.flag("skip_bad_rows", default: false)
        lineBytesMax = section.byteCount(
            "line_bytes_max", default: 8 << 20, in: 1024...(256 << 20))
    }

    /// A file's name without folder and extensions: the name of its set when none is given.
    private static func name(of file: String?) -> String? {
        guard let last = file?.split(separator: "/").last, last != "-" else { return nil }
        return last.split(separator: ".").first.map(String.init)
    }
}
