package import OgiveCore

/// A part of a chat that a model's template may leave out without a word.
package enum ChatPart: String, Hashable, Sendable, CaseIterable {
    case system, tools, name
    case toolCalls = "tool_calls"
    case toolCallID = "tool_call_id"
    case reasoning = "reasoning_content"

    /// Whether templates leave it out on purpose: many show no reasoning of earlier turns.
    var isOftenLeftOut: Bool { self == .reasoning }

    /// The prompt without this part; `nil` when it has none.
    package func removed(from prompt: Prompt) -> Prompt? {
        guard case .chat(var messages, var tools) = prompt.content else { return nil }
        switch self {
        case .system:
            messages.removeAll { $0.role == "system" }
        case .tools:
            tools = nil
        case .name: Self.clear(&messages, \.name)
        case .toolCalls: Self.clear(&messages, \.toolCalls)
        case .toolCallID: Self.clear(&messages, \.toolCallID)
        case .reasoning: Self.clear(&messages, \.reasoning)
        }
        var rest = prompt
        rest.content = .chat(messages, tools: tools)
        return rest == prompt || messages.isEmpty ? nil : rest
    }

    private static func clear(
        _ messages: inout [ChatMessage], _ field: WritableKeyPath<ChatMessage, String?>
    ) {
        for place in messages.indices { messages[place][keyPath: field] = nil }
    }
}

/// The prompts of a set that have some part.
package struct ChatPartUse: Sendable {
    /// The first of them.
    package var example: Prompt
    /// How many there are among the prompts that were read.
    package var count: Int

    /// Joins the parts.
    package init(example: Prompt, count: Int) {
        self.example = example
        self.count = count
    }
}

/// Whether what the prompts have reaches the model.
package enum TemplateParts {
    /// Renders a prompt with each part that the set has, and without it. What looks the same was
    /// left out by the server's chat template.
    package static func findings(
        _ inspector: any ModelInspector, _ uses: [ChatPart: ChatPartUse]
    ) async throws -> [Finding] {
        var seen: [String] = []
        var findings: [Finding] = []
        for part in ChatPart.allCases {
            guard let use = uses[part], let rest = part.removed(from: use.example) else { continue }
            guard let whole = try await inspector.rendered(use.example, completion: nil),
                let less = try await inspector.rendered(rest, completion: nil)
            else {
                return [
                    Finding(
                        .note, .policyTemplate, at: inspector.name,
                        "the server does not show how it renders a conversation, so whether the "
                            + "model sees `\(part.rawValue)` of \(use.count) prompts is not known")
                ]
            }
            seen.append("`\(part.rawValue)`")
            guard whole == less else { continue }
            findings.append(
                Finding(
                    part.isOftenLeftOut ? .note : .warning, .policyTemplate, at: inspector.name,
                    "the model does not see `\(part.rawValue)` of \(use.count) prompts: prompt "
                        + "`\(use.example.key)` looks the same with and without it",
                    advice: "serve the model with a chat template that shows it, or leave it out "
                        + "of the prompts"))
        }
        guard findings.isEmpty, !seen.isEmpty else { return findings }
        return [
            Finding(
                .ok, .policyTemplate, at: inspector.name,
                "the template shows \(seen.joined(separator: ", ")) of the prompts")
        ]
    }
}
