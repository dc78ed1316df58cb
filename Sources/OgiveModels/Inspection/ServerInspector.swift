internal import FoundationEssentials
package import OgiveCore

/// What llama.cpp and vLLM let one see of their tokens; other servers tell less or nothing.
package struct ServerInspector: ModelInspector {
    /// What the server is asked for in a run, which decides how a prompt becomes tokens.
    package enum Use: Sendable {
        /// To sample.
        case policy(PolicySpec.API?)
        /// To score conversations: with a template of ours, else with the server's; the label is
        /// the reward of a model with several.
        case scorer(path: String, template: ScoreTemplate?, label: String? = nil)
        /// To score pairs by a template that it does not show.
        case hidden
    }

    private let server: ServerConnection
    private let use: Use

    /// Looks at `server`.
    package init(_ server: ServerConnection, use: Use) {
        self.server = server
        self.use = use
    }

    /// The server's address.
    package var name: String { "\(server.http.url)" }

    /// As the server's fingerprint has it.
    package func contextLength() async throws(ModelError) -> Int? {
        let facts = try await server.known().facts
        return ["n_ctx", "max_model_len", "max_total_tokens"].lazy
            .compactMap { facts[$0].flatMap { Int($0) } }.first { $0 > 0 }
    }

    private struct LlamaText: Encodable {
        var content: String
        var add_special: Bool
    }
    private struct VLLMText: Encodable {
        var model: String
        var prompt: String
        var add_special_tokens: Bool
    }
    private struct Tokens: Decodable { var tokens: [Int] }

    /// By `/tokenize` of either server.
    package func tokens(
        of text: String, addingSpecial: Bool
    ) async throws(ModelError) -> [Int]? {
        switch try await server.known().kind {
        case .llamaCpp:
            return try await tokenize(LlamaText(content: text, add_special: addingSpecial))
        case .vLLM:
            return try await tokenize(
                VLLMText(model: server.model, prompt: text, add_special_tokens: addingSpecial))
        case .sglang, .tgi, .ollama, .openAI, .tei, .other:
            return nil
        }
    }

    /// A text as it is sent, a chat as the server's template renders it.
    package func tokens(
        of prompt: Prompt, completion: String?
    ) async throws(ModelError) -> [Int]? {
        switch use {
        case .hidden: return nil
        case .scorer(_, let template?, _):
            let request = ScoreRequest(prompt: prompt, completion: completion ?? "")
            let text = try template.render(Conversation(request), key: prompt.key).get()
            return try await tokens(of: text, addingSpecial: false)
        case .scorer(_, nil, _), .policy:
            if let text = plainText(prompt, completion) {
                return try await tokens(of: text, addingSpecial: true)
            }
            let kind = try await server.known().kind
            if kind == .vLLM {
                return try await tokenize(JSONValue.object(chat(prompt, completion)))
            }
            guard kind == .llamaCpp else { return nil }
            // The template's text has no BOS: the server adds it, as to any text.
            let text = try await render(chat(prompt, completion))
            return try await tokens(of: text, addingSpecial: true)
        }
    }

    private struct VLLMIDs: Encodable {
        var model: String
        var tokens: [Int]
    }
    private struct Text: Decodable { var prompt: String }

    /// By `/apply-template` of llama.cpp, or the tokens as text.
    package func rendered(
        _ prompt: Prompt, completion: String?
    ) async throws(ModelError) -> String? {
        if case .hidden = use { return nil }
        if case .scorer(_, let template?, _) = use {
            let request = ScoreRequest(prompt: prompt, completion: completion ?? "")
            return try template.render(Conversation(request), key: prompt.key).get()
        }
        if let text = plainText(prompt, completion) { return text }
        let kind = try await server.known().kind
        if kind == .llamaCpp { return try await render(chat(prompt, completion)) }
        guard kind == .vLLM, let tokens = try await tokens(of: prompt, completion: completion)
        else { return nil }
        let path = "/detokenize"
        let data = try await server.post(path, VLLMIDs(model: server.model, tokens: tokens))
        return try ServerAnswer.decode(Text.self, data, url: server.http.url.appending(path)).prompt
    }

    /// What is sent as a text and not as a chat.
    private func plainText(_ prompt: Prompt, _ completion: String?) -> String? {
        guard case .policy(let api) = use, api != .chat, case .text(let text) = prompt.content
        else { return nil }
        return text + (completion ?? "")
    }

    private func chat(_ prompt: Prompt, _ completion: String?) -> [String: JSONValue] {
        let conversation = Conversation(ScoreRequest(prompt: prompt, completion: completion ?? ""))
        let isAnswered = completion != nil || !conversation.reply.isEmpty
        var body: [String: JSONValue] = [
            "model": .text(server.model),
            "messages": .messages(isAnswered ? conversation.messages : conversation.context),
            "add_generation_prompt": .flag(!isAnswered),
            "continue_final_message": .flag(isAnswered && completion == nil),
        ]
        body["tools"] = conversation.tools.map(JSONValue.raw)
        return body
    }

    private func render(_ chat: [String: JSONValue]) async throws(ModelError) -> String {
        let path = "/apply-template"
        let body = chat.filter { ["messages", "tools"].contains($0.key) }
        let data = try await server.post(path, JSONValue.object(body))
        return try ServerAnswer.decode(Text.self, data, url: server.http.url.appending(path)).prompt
    }

    private func tokenize(_ body: some Encodable & Sendable) async throws(ModelError) -> [Int]? {
        let path = "/tokenize"
        do throws(ModelError) {
            let data = try await server.post(path, body)
            return try ServerAnswer.decode(
                Tokens.self, data, url: server.http.url.appending(path)
            ).tokens
        } catch {
            // A server may keep its tokeniser to itself.
            if error.code == .unsupported { return nil }
            throw error
        }
    }
}

extension ServerInspector {
    private struct Activated: Encodable {
        var model: String
        var messages: JSONValue?
        var input: [String]?
        var use_activation: Bool
        var add_special_tokens: Bool?
    }

    /// Asks vLLM's `/classify` or `/pooling` with the activation on and off.
    package func squashedAndRaw(
        _ request: ScoreRequest
    ) async throws(ModelError) -> (squashed: Double, raw: Double)? {
        guard case .scorer(let path, let template, let label) = use,
            try await server.known().kind == .vLLM
        else { return nil }
        let conversation = Conversation(request)
        let text = try template?.render(conversation, key: request.prompt.key).get()
        var values: [Double] = []
        for isActive in [true, false] {
            let data = try await server.post(
                path,
                Activated(
                    model: server.model,
                    messages: text == nil ? .messages(conversation.messages) : nil,
                    input: text.map { [$0] }, use_activation: isActive,
                    add_special_tokens: text == nil ? nil : false))
            let reader = PoolingReader(url: server.http.url.appending(path), label: label)
            guard let value = try reader.rewards(data, count: 1).first?.get() else { return nil }
            values.append(value.reward)
        }
        return (values[0], values[1])
    }
}
