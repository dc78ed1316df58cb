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

extension ExportTarget {
    /// The prompt as its trainer reads it: a list of messages, or a plain text.
    private static let prompt = """
        CASE WHEN x.prompt ? 'messages' THEN x.prompt -> 'messages' ELSE x.prompt -> 'text' END
        """

    /// A completion as an answer: a list of one message, or a plain text.
    private static func answer(_ text: String) -> String {
        """
        CASE WHEN x.prompt ? 'messages'
            THEN jsonb_build_array(jsonb_build_object('role', 'assistant', 'content', x.\(text)))
            ELSE to_jsonb(x.\(text)) END
        """
    }

    /// Prompt and completion in one: a whole chat, whose last message a completion may go on with,
    /// or a plain text.
    private static func chat(_ text: String) -> String {
        """
        CASE WHEN x.prompt #>> '{messages,-1,role}' = 'assistant' THEN jsonb_set(
                x.prompt -> 'messages', '{-1,content}',
                to_jsonb((x.prompt #>> '{messages,-1,content}') || x.\(text)))
            WHEN x.prompt ? 'messages' THEN (x.prompt -> 'messages')
                || jsonb_build_array(jsonb_build_object('role', 'assistant', 'content', x.\(text)))
            ELSE to_jsonb((x.prompt ->> 'text') || x.\(text)) END
        """
    }

    /// Whether the target has reference log-probabilities, and cannot do without.
    var logProbabilities: (chosen: String, rejected: String, isRequired: Bool)? {
        switch self {
        case .qrpoClaire, .dpo: ("ref_chosen_logps", "ref_rejected_logps", false)
        case .qrpoSwiss: ("ref_chosen_logprob", "ref_rejected_logprob", false)
        case .rebel: ("ref_chosen_logprob", "ref_rejected_logprob", true)
        case .trlPreference, .astarPO, .value, .raw: nil
        }
    }

    /// The columns, in their order.
    func columns(_ request: ExportRequest, hasLogProbabilities: Bool) -> [ExportColumn] {
        var columns = pairColumns(request) ?? singleColumns
        if hasLogProbabilities, let names = logProbabilities {
            columns += [
                ExportColumn(names.chosen, "x.ref_chosen_log_probability"),
                ExportColumn(names.rejected, "x.ref_rejected_log_probability"),
            ]
        }
        return columns
    }

    private func pairColumns(_ request: ExportRequest) -> [ExportColumn]? {
        let separate = [
            ExportColumn("prompt", Self.prompt),
            ExportColumn("chosen", Self.answer("chosen")),
            ExportColumn("rejected", Self.answer("rejected")),
        ]
        let whole = [
            ExportColumn("chosen", Self.chat("chosen")),
            ExportColumn("rejected", Self.chat("rejected")),
        ]
        let singular = [ExportColumn("chosen_reward"), ExportColumn("rejected_reward")]
        switch self {
        case .qrpoClaire:
            let references = request.refRewards.map { "x.draw_rewards[1:\($0)]" }
            return whole + [
                ExportColumn("chosen_rewards", "x.chosen_reward"),
                ExportColumn("rejected_rewards", "x.rejected_reward"),
                ExportColumn("ref_rewards", references ?? "x.draw_rewards"),
                // Their script removes this column and fails when it is not there.
                ExportColumn("ref_completions", "'[]'::json"),
            ]
        case .qrpoSwiss:
            return whole + singular + [
                ExportColumn("ref_rewards", "x.draw_rewards"),
                ExportColumn("chosen_quantile_reward"), ExportColumn("rejected_quantile_reward"),
            ]
        case .trlPreference, .dpo: return separate
        case .rebel: return separate + singular + [ExportColumn("reward_gap")]
        case .astarPO, .value, .raw: return nil
        }
    }

    private var singleColumns: [ExportColumn] {
        let key = ExportColumn("prompt_key", isText: true)
        let prompt = ExportColumn("prompt", Self.prompt)
        switch self {
        case .astarPO:
            return [
                key, prompt, ExportColumn("n"), ExportColumn("rewards", "x.draw_rewards"),
                ExportColumn("soft_value"), ExportColumn("mean_value", "x.value"),
            ]
        case .value:
            return [
                key, prompt, ExportColumn("n"), ExportColumn("complete"), ExportColumn("value"),
                ExportColumn("standard_error"), ExportColumn("soft_value"),
                ExportColumn("minimum"), ExportColumn("maximum"),
            ]
        default:
            return [
                key, prompt, ExportColumn("item_kind", isText: true), ExportColumn("item_index"),
                ExportColumn("label", isText: true), ExportColumn("completion", isText: true),
                ExportColumn("truncated"), ExportColumn("reward"),
                ExportColumn("quantile_reward"), ExportColumn("standard_error"),
                ExportColumn("n"), ExportColumn("complete"), ExportColumn("degenerate"),
                ExportColumn("ref_log_probability"), ExportColumn("token_count"),
                // NaN, which JSON cannot say: a normal transform of a single reference.
                ExportColumn("log_z", "nullif(x.log_z, 'NaN')"),
                ExportColumn("target", "nullif(x.target, 'NaN')"),
                ExportColumn("text_is_lossy"),
            ]
        }
    }
}
