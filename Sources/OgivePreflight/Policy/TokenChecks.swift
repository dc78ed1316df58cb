package import OgiveCore

/// What is looked at with a server's own tokeniser: the context, the BOS, the template.
package struct TokenChecks: Sendable {
    /// The server.
    package let inspector: any ModelInspector
    /// Whether it is the scorer's.
    package let isScorer: Bool
    /// The prompt with the most bytes.
    package let longest: Prompt
    /// Most tokens of a completion.
    package let maxTokens: Int

    /// Joins the parts.
    package init(
        _ inspector: any ModelInspector, isScorer: Bool, longest: Prompt, maxTokens: Int
    ) {
        self.inspector = inspector
        self.isScorer = isScorer
        self.longest = longest
        self.maxTokens = maxTokens
    }

    private var name: String { inspector.name }

    /// Whether the longest prompt and a completion of full length fit.
    package func contextFindings() async throws -> [Finding] {
        let code: FindingCode = isScorer ? .scorerContext : .policyContext
        guard let length = try await inspector.contextLength() else {
            return [Finding(.note, code, at: name, "the server does not report its context length")]
        }
        let reported = try await inspector.tokens(of: longest, completion: isScorer ? "" : nil)
        // English takes about four bytes a token; half of that is on the safe side.
        let count = reported?.count ?? Self.bytes(longest) / 2
        let how = reported == nil ? "at most about " : ""
        let what = "the longest prompt (`\(longest.key)`) has \(how)\(CountText.of(count, "token"))"
        let sum = "\(what), and max_tokens is \(maxTokens); the context has \(length)"
        if count >= length {
            return [
                Finding(
                    .warning, code, at: name,
                    "\(what); the context has \(length)",
                    advice: "serve the model with a larger context, or leave such prompts out: "
                        + "each of their draws will be a failure")
            ]
        }
        guard count + maxTokens > length else { return [Finding(.ok, code, at: name, sum)] }
        return [
            Finding(
                .warning, code, at: name, sum,
                advice: isScorer
                    ? "serve the scorer with a larger context, or lower max_tokens: what does "
                        + "not fit has no reward"
                    : "serve the model with a larger context, or lower max_tokens: draws of long "
                        + "prompts are cut off or refused")
        ]
    }

    /// Whether what the model is given begins with one BOS.
    package func bosFindings() async throws -> [Finding] {
        let code: FindingCode = isScorer ? .scorerBOS : .policyBOS
        let key = isScorer ? "the scored text" : "the prompt"
        guard
            let tokens = try await inspector.tokens(
                of: longest, completion: isScorer ? "Yes." : nil),
            let empty = try await inspector.tokens(of: "", addingSpecial: true)
        else {
            return [
                Finding(
                    .note, code, at: name, "the server does not report tokens",
                    advice: "nothing, unless rewards or draws look wrong: then see by the "
                        + "server's own log whether \(key) begins with one BOS")
            ]
        }
        // What the tokeniser adds to an empty text: BOS, for some also EOS.
        guard let bos = empty.first else {
            return [
                Finding(
                    .ok, code, at: name,
                    "the tokeniser adds no BOS to texts, so there is one or "
                        + "none in \(key), as its template has it")
            ]
        }
        let count = tokens.prefix { $0 == bos }.count
        switch count {
        case 1: return [Finding(.ok, code, at: name, "\(key) begins with one BOS (token \(bos))")]
        case 0:
            return [
                Finding(
                    .note, code, at: name,
                    "\(key) begins without a BOS, though the tokeniser adds one (token \(bos)) to "
                        + "texts",
                    advice: "see whether the model was trained like that; the template decides")
            ]
        default:
            return [
                Finding(
                    isScorer ? .error : .warning, code, at: name,
                    "\(key) begins with \(count) BOS (token \(bos)): one of the template or of "
                        + "the text, one of the tokeniser",
                    advice: "take the BOS out of the prompts or the template: no model was "
                        + "trained with two")
            ]
        }
    }

    static func bytes(_ prompt: Prompt) -> Int {
        switch prompt.content {
        case .text: prompt.byteCount
        case .chat(let messages, _): prompt.byteCount + messages.count * 8
        }
    }
}

/// Whether policy and reward model see a conversation alike.
package enum TemplateCheck {
    /// Compares what both make of one prompt and answer.
    package static func findings(
        policy: any ModelInspector, scorer: any ModelInspector, prompt: Prompt
    ) async throws -> [Finding] {
        let answer = "The answer is 4."
        guard let left = try await policy.rendered(prompt, completion: answer),
            let right = try await scorer.rendered(prompt, completion: answer)
        else {
            return [
                Finding(
                    .note, .templates, at: scorer.name,
                    "policy and reward model cannot be compared: a server does not show how it "
                        + "renders a conversation",
                    advice: "nothing, where the two come of different families; otherwise "
                        + "compare their chat templates by hand")
            ]
        }
        let places = "\(policy.name) and \(scorer.name)"
        guard !left.contains(right), !right.contains(left) else {
            return [Finding(.ok, .templates, at: places, "render a conversation alike")]
        }
        return [
            Finding(
                .note, .templates, at: places,
                "render a conversation otherwise: policy \(quoted(left)), reward model "
                    + quoted(right),
                advice: "this is as it should be where the two come of different families; "
                    + "otherwise the reward model was trained on another form than it scores")
        ]
    }

    private static func quoted(_ text: String) -> String {
        "“\(text.prefix(120).replacing("\n", with: "⏎"))\(text.count > 120 ? "…" : "")”"
    }
}

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
