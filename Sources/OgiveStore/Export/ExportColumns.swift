/// A column of an export.
struct ExportColumn: Sendable {
    let name: String
    /// SQL of its value in terms of a row `x`.
    let value: String
    /// Whether the value is a text, which CSV shows as it is.
    var isText = false

    init(_ name: String, _ value: String, isText: Bool = false) {
        self.name = name
        self.value = value
        self.isText = isText
    }

    /// A column that has the name of its value.
    init(_ name: String, isText: Bool = false) {
        self.init(name, "x.\(name)", isText: isText)
    }
}

/// Columns that several targets have.
extension ExportColumn {
    /// The name of the prompt.
    static let key = ExportColumn("prompt_key", isText: true)

    /// The prompt as its trainer reads it: a list of messages, or a plain text.
    static let prompt = ExportColumn(
        "prompt",
        """
        CASE WHEN x.prompt ? 'messages' THEN x.prompt -> 'messages' ELSE x.prompt -> 'text' END
        """)

    /// The prompt, and each completion of a pair apart.
    static let promptAndAnswers = [prompt, answer("chosen"), answer("rejected")]

    /// Each completion of a pair together with its prompt.
    static let wholeChats = [chat("chosen"), chat("rejected")]

    /// The rewards of a pair.
    static let pairRewards = [ExportColumn("chosen_reward"), ExportColumn("rejected_reward")]

    /// A completion as an answer: a list of one message, or a plain text.
    private static func answer(_ text: String) -> ExportColumn {
        ExportColumn(
            text,
            """
            CASE WHEN x.prompt ? 'messages'
                THEN jsonb_build_array(
                    jsonb_build_object('role', 'assistant', 'content', x.\(text)))
                ELSE to_jsonb(x.\(text)) END
            """)
    }

    /// Prompt and completion in one: a whole chat, whose last message a completion may go on with,
    /// or a plain text.
    private static func chat(_ text: String) -> ExportColumn {
        ExportColumn(
            text,
            """
            CASE WHEN x.prompt #>> '{messages,-1,role}' = 'assistant' THEN jsonb_set(
                    x.prompt -> 'messages', '{-1,content}',
                    to_jsonb((x.prompt #>> '{messages,-1,content}') || x.\(text)))
                WHEN x.prompt ? 'messages' THEN (x.prompt -> 'messages')
                    || jsonb_build_array(
                        jsonb_build_object('role', 'assistant', 'content', x.\(text)))
                ELSE to_jsonb((x.prompt ->> 'text') || x.\(text)) END
            """)
    }
}
