internal import OgiveCore

/// How the rows of a file are read.
struct ImportRules: Hashable, Sendable {
    /// What the assistant's turn at the end of a chat is.
    enum LastAssistant: String, CaseIterable, Sendable {
        /// A finished answer: a candidate, labelled `answer`.
        case candidate
        /// The beginning of an answer, which the policy continues.
        case `continue`
    }

    /// How the user of the running command says otherwise what rows mean and where they go.
    /// Messages name what this command has.
    enum Way: Hashable, Sendable {
        /// By the options of `ogive import` and `ogive adopt`.
        case options
        /// By keys of the configuration, which a command takes by `-o`, too.
        case configuration

        /// What leaves bad rows out.
        var skipsBadRows: String {
            self == .options ? "give --skip-bad-rows" : "give `-o prompts.skip_bad_rows=true`"
        }
        /// What names another set.
        var namesSet: String {
            self == .options ? "`--set NAME`" : "`-o prompts.set=NAME`"
        }
        /// What makes a candidate of the assistant's turn at the end of a chat.
        var takesLastTurn: String {
            self == .options
                ? "`--last-assistant candidate`" : "`-o prompts.last_assistant=candidate`"
        }
    }

    /// Which fields mean what; `nil` recognises the shapes that are known.
    var fields: FieldMap?
    /// How the user says otherwise what rows mean.
    var way = Way.configuration
    /// What the assistant's turn at the end of a chat is; `nil` refuses the row, but where its
    /// shape tells.
    var lastAssistant: LastAssistant?
    /// Fields that are metadata, whatever their names mean elsewhere.
    var metadata: [String] = []
    /// How completions to adopt are taken out of the rows; `nil` where none are.
    var adoption: AdoptionShape?
    /// Most bytes of a row.
    var lineBytesMax = 8 << 20
    /// Most rows that are read; `nil` reads all.
    var limit: Int?

    /// Recognises shapes, or uses the map when there is one.
    init(fields: FieldMap? = nil) {
        self.fields = fields
    }

    /// The rules of a configuration's prompts.
    init(_ prompts: PromptsConfiguration?) {
        guard let prompts else { return }
        fields = prompts.fields
        lastAssistant = prompts.lastAssistant
        metadata = prompts.metadata
        lineBytesMax = prompts.lineBytesMax
        limit = prompts.limit
    }
}

/// Something of a row that is not as its author may have meant it, but no reason to refuse it.
struct ImportNote: Hashable, Sendable {
    /// What it is, and what to do about it, without anything of the single row.
    var text: String
}

/// Collects notes with the number of their rows.
struct ImportNoteReport: Sendable {
    /// A note with its rows.
    struct Entry: Sendable {
        /// What it says.
        var text: String
        /// How many rows have it.
        var rows: Int
        /// The line of the first one.
        var firstLine: Int
    }

    /// Most different notes that are kept.
    static let notesMax = 50

    /// The notes in the order of their first rows.
    private(set) var entries: [Entry] = []
    private var places: [ImportNote: Int] = [:]

    /// Begins without notes.
    init() {}

    /// Adds the notes of a row.
    mutating func add(_ notes: [ImportNote], line: Int) {
        for note in notes {
            if let place = places[note] {
                entries[place].rows += 1
            } else if entries.count < Self.notesMax {
                places[note] = entries.count
                entries.append(Entry(text: note.text, rows: 1, firstLine: line))
            }
        }
    }

    /// A line of text for each.
    var lines: [String] {
        entries.map { entry in
            let rows = NumberText.count(entry.rows, "row")
            return "note: \(rows) (first in line \(entry.firstLine)): \(entry.text)"
        }
    }

    /// For a script.
    var json: ExactJSON {
        .array(
            entries.map { entry in
                .object([
                    "text": .string(entry.text), "rows": .number("\(entry.rows)"),
                    "first_line": .number("\(entry.firstLine)"),
                ])
            })
    }
}
