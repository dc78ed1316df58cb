internal import OgiveStore

/// Failures of a run, for people and scripts.
enum FailureText {
    /// By kind, then one by one.
    static func lines(
        _ run: String, _ groups: [FailureGroup], _ entries: [FailureEntry]
    ) -> [String] {
        guard !groups.isEmpty else { return ["run '\(run)': no failures"] }
        var kinds = TextTable(
            ["CODE", "STAGE", "FAILURES", "PROMPTS"], [.left, .left, .right, .right])
        for group in groups {
            kinds.add([
                group.code, group.stage, NumberText.count(Int(group.count)),
                NumberText.count(Int(group.prompts)),
            ])
        }
        var lines = kinds.lines(width: .max)
        if !entries.isEmpty { lines.append("") }
        for entry in entries {
            lines.append(
                "\(PromptText.short(entry.promptKey)) \(entry.kind) \(entry.index): "
                    + "\(entry.code) while \(entry.stage), \(entry.attempts) attempts, "
                    + entry.failedAt)
            lines += entry.message.split(whereSeparator: \.isNewline).map { "  \($0)" }
        }
        let total = groups.reduce(0) { $0 + Int($1.count) }
        if entries.count < total {
            lines.append("… \(total - entries.count) more: give --limit, --code or --prompt")
        }
        return lines
    }

    /// An object with both.
    static func json(
        _ run: String, _ groups: [FailureGroup], _ entries: [FailureEntry]
    ) -> JSONValue {
        .output([
            "run": .string(run),
            "groups": .array(
                groups.map { group in
                    .object([
                        "code": .string(group.code), "stage": .string(group.stage),
                        "failures": .number("\(group.count)"),
                        "prompts": .number("\(group.prompts)"),
                    ])
                }),
            "failures": .array(
                entries.map { entry in
                    .object([
                        "prompt_key": .string(entry.promptKey), "kind": .string(entry.kind),
                        "index": .number("\(entry.index)"), "stage": .string(entry.stage),
                        "code": .string(entry.code), "message": .string(entry.message),
                        "attempts": .number("\(entry.attempts)"),
                        "failed_at": .string(entry.failedAt),
                    ])
                }),
        ])
    }
}
