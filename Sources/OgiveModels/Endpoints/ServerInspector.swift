internal import FoundationEssentials
package import OgiveCore

/// What a model server lets one see of its tokens; most show less or nothing.
package struct ServerInspector: ModelInspector {
    /// How one kind of server is asked.
    struct Routes: Sendable {
        /// How a chat becomes tokens.
        enum Chats: Sendable {
            /// By `/tokenize` too; `/detokenize` gives the text.
            case tokenized
            /// The server renders the chat, and the text becomes tokens.
            case rendered(path: String)
        }

        /// The body of `/tokenize` for a text, with special tokens added to it or not.
        var text: @Sendable (_ text: String, _ addsSpecial: Bool, _ model: String) -> JSONValue
        /// What it does with chats.
        var chats: Chats
    }

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

    private struct Tokens: Decodable { var tokens: [Int] }

    /// By `/tokenize`.
    package func tokens(
        of text: String, addingSpecial: Bool
    ) async throws(ModelError) -> [Int]? {
        guard let routes = try await server.known().kind.inspection else { return nil }
        return try await tokenize(routes.text(text, addingSpecial, server.model))
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
            switch try await server.known().kind.inspection?.chats {
            case nil: return nil
            case .tokenized?: return try await tokenize(.object(chat(prompt, completion)))
            case .rendered(let path)?:
                // The template's text has no BOS: the server adds it, as to any text.
                let text = try await render(chat(prompt, completion), path)
                return try await tokens(of: text, addingSpecial: true)
            }
        }
    }

    private struct Text: Decodable { var prompt: String }

    /// As the server renders it, or its tokens as text.
    package func rendered(
        _ prompt: Prompt, completion: String?
    ) async throws(ModelError) -> String? {
        if case .hidden = use { return nil }
        if case .scorer(_, let template?, _) = use {
            let request = ScoreRequest(prompt: prompt, completion: completion ?? "")
            return try template.render(Conversation(request), key: prompt.key).get()
        }
        if let text = plainText(prompt, completion) { return text }
        switch try await server.known().kind.inspection?.chats {
        case nil: return nil
        case .rendered(let path)?: return try await render(chat(prompt, completion), path)
        case .tokenized?:
            guard let tokens = try await tokens(of: prompt, completion: completion) else {
                return nil
            }
            let body: [String: JSONValue] = [
                "model": .text(server.model), "tokens": .list(tokens.map { .integer(Int64($0)) }),
            ]
            return try await text(of: body, "/detokenize")
        }
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

    private func render(
        _ chat: [String: JSONValue], _ path: String
    ) async throws(ModelError) -> String {
        try await text(of: chat.filter { ["messages", "tools"].contains($0.key) }, path)
    }

    private func text(
        of body: [String: JSONValue], _ path: String
    ) async throws(ModelError) -> String {
        let data = try await server.post(path, JSONValue.object(body))
        return try ServerAnswer.decode(Text.self, data, url: server.http.url.appending(path)).prompt
    }

    private func tokenize(_ body: JSONValue) async throws(ModelError) -> [Int]? {
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
    /// Asks with the activation on and off, where the server has one at the scorer's own path.
    package func squashedAndRaw(
        _ request: ScoreRequest
    ) async throws(ModelError) -> (squashed: Double, raw: Double)? {
        guard case .scorer(let path, let template, let label) = use,
            let route = try await server.known().kind.rewards.routes.values.first(where: {
                $0.path == path && $0.hasActivation
            })
        else { return nil }
        let conversation = Conversation(request)
        let text = try template?.render(conversation, key: request.prompt.key).get()
        var values: [Double] = []
        let input: RewardInput =
            if let text { .texts([text]) } else { .messages(conversation.messages) }
        let reader = PoolingReader(
            url: server.http.url.appending(path), models: nil, label: label, shape: route.shape)
        for isRaw in [false, true] {
            let body = route.shape.body(input, server.model, isRaw)
            let data = try await server.post(path, body)
            guard let value = try reader.rewards(data, count: 1).first?.get() else { return nil }
            values.append(value.reward)
        }
        return (values[0], values[1])
    }
}

extension ConfiguredModels {
    /// What lets one see the policies' tokens, for each endpoint in order; `nil` where there is no
    /// server.
    package func inspectors(for spec: PolicySpec) -> [(any ModelInspector)?] {
        policies.filter { $0.endpoint.kind == spec.kind && $0.endpoint.model == spec.model }
            .map { _, server in server.map { ServerInspector($0, use: .policy(spec.api)) } }
    }

    /// The same for scorers.
    package func inspectors(for spec: ScorerSpec) -> [(any ModelInspector)?] {
        scorers.filter { $0.endpoint.serves(spec) }.map { $0.backend.inspector(for: spec) }
    }
}
