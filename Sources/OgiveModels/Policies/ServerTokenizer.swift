internal import OgiveCore
internal import Synchronization

/// Tokenises by the server, as it does when it samples.
struct ServerTokenizer: Sendable {
    /// Where and how one kind of server tokenises.
    struct Routes: Sendable {
        /// What stands before `/tokenize` and `/detokenize`.
        var prefix = ""
        /// Whether it renders a chat as it is, neither to be answered nor to be continued.
        var rendersWholeChats = true
        /// Whether it renders the tools of a chat.
        var rendersTools = false
        /// Other fields of requests for the text of tokens.
        var detokenizeFields: [String: JSONValue] = [:]
    }

    /// A prompt's tokens, and the context's length where the server reports it.
    struct Tokens: Sendable, Decodable {
        var ids: [Int32]
        var lengthMax: Int?

        private enum CodingKeys: String, CodingKey {
            case ids = "tokens"
            case lengthMax = "max_model_len"
        }

        init(from decoder: any Decoder) throws {
            let answer = try decoder.container(keyedBy: CodingKeys.self)
            ids = try answer.decode([Int32].self, forKey: .ids)
            // SGLang tells the tokeniser's, which may be a number beyond all bounds.
            let reported = try? answer.decodeIfPresent(Int.self, forKey: .lengthMax)
            // One that no context has is not known.
            lengthMax = reported.flatMap { $0 > 0 ? $0 : nil }
        }
    }

    /// What vLLM calls the prompt, SGLang calls the text.
    private struct Text: Decodable {
        var prompt: String?
        var text: String?
    }

    let server: ServerConnection
    let spec: PolicySpec
    let kind: ServerKind

    private var routes: Routes { kind.tokenizer }

    /// A text as it is, without the tokens that begin one unless they are `special`.
    func tokens(of text: String, special: Bool = false) async throws(ModelError) -> Tokens {
        try await ask(["prompt": .text(text), "add_special_tokens": .flag(special)])
    }

    /// A chat by the chat template: to be answered, its last turn `open` to be continued, or whole.
    func tokens(
        of messages: [ChatMessage], tools: String? = nil, isAnswered: Bool, isOpen: Bool = false
    ) async throws(ModelError) -> Tokens {
        var body: [String: JSONValue] = [
            "messages": .messages(messages),
            "add_generation_prompt": .flag(isAnswered), "continue_final_message": .flag(isOpen),
        ]
        body["tools"] = tools.map(JSONValue.raw)
        return try await ask(body)
    }

    /// The text of tokens.
    func text(of ids: [Int32]) async throws(ModelError) -> String {
        if ids.isEmpty { return "" }
        let path = routes.prefix + "/detokenize"
        var body: [String: JSONValue] = [
            "model": .text(spec.model), "tokens": .list(ids.map { .integer(Int64($0)) }),
        ]
        body.merge(routes.detokenizeFields) { _, new in new }
        let data = try await server.post(path, JSONValue.object(body))
        let url = server.http.url.appending(path)
        let answer = try ServerAnswer.decode(Text.self, data, url: url)
        guard let text = answer.prompt ?? answer.text else {
            throw ModelError(.malformed, "\(url) answered without the text of the tokens")
        }
        return text
    }

    /// The token that ends a completion: `policy.end_token`, else the first one that the chat
    /// template puts behind a turn.
    func endToken() async throws(ModelError) -> Int32 {
        let key = CanonicalJSON.text([
            "end": JSONValue.text(spec.endToken ?? ""), "extra": .object(spec.extraBody ?? [:]),
        ])
        if let known = server.endTokens.withLock({ $0[key] }) { return known }
        let found = try await findEndToken()
        server.endTokens.withLock { $0[key] = found }
        return found
    }

    private func findEndToken() async throws(ModelError) -> Int32 {
        if let text = spec.endToken {
            let ids = try await tokens(of: text).ids
            guard ids.count == 1 else {
                throw ModelError(
                    .misconfigured,
                    "`policy.end_token` `\(text)` is \(ids.count) tokens to "
                        + "\(server.http.url), not one; write the text of the token that ends a "
                        + "completion")
            }
            return ids[0]
        }
        do throws(ModelError) {
            let chat = [("user", "a"), ("assistant", "b")].map {
                ChatMessage(role: $0.0, content: $0.1)
            }
            let next = ChatMessage(role: "user", content: "c")
            let whole =
                routes.rendersWholeChats
                ? try await tokens(of: chat, isAnswered: false).ids
                : try await tokens(of: chat + [next], isAnswered: true).ids
            let open = try await tokens(of: chat, isAnswered: false, isOpen: true).ids
            if whole.count > open.count, whole.starts(with: open) { return whole[open.count] }
        } catch {
            if error.concernsEndpoint || error.isRetriable { throw error }
        }
        throw ModelError(
            .misconfigured,
            "\(server.http.url) has no chat template that tells which token ends a completion; set "
                + "`policy.end_token` to its text")
    }

    private func ask(_ fields: [String: JSONValue]) async throws(ModelError) -> Tokens {
        let path = routes.prefix + "/tokenize"
        var body = spec.extraBody ?? [:]
        body["model"] = .text(spec.model)
        body.merge(fields) { _, new in new }
        let data = try await server.post(path, JSONValue.object(body))
        return try ServerAnswer.decode(Tokens.self, data, url: server.http.url.appending(path))
    }
}

/// Tokens at which sampling ends, wherever they stand. A model may have several (Qwen:
/// `<|im_end|>`, `<|endoftext|>`), and no server lists them: whether a token is one is found by
/// making the server sample it.
extension ServerTokenizer {
    private struct Answer: Decodable {
        struct Choice: Decodable { var finish_reason: String? }
        var choices: [Choice]
    }

    /// Most texts that are remembered for a server.
    private static let endingsMax = 4_096
    /// Longest text between the brackets of a special token, in characters.
    private static let markMax = 64

    /// A part of a text that is, among its tokens, one at which sampling ends; `nil` when there is
    /// none.
    func ending(in text: String, _ ids: [Int32]) async throws(ModelError) -> String? {
        for mark in Self.marks(in: text) {
            if let token = try await token(ending: mark), ids.contains(token) { return mark }
        }
        return nil
    }

    /// What looks like a special token: a text in angle brackets without white space.
    static func marks(in text: String) -> [String] {
        // Most texts have none.
        guard text.utf8.contains(UInt8(ascii: "<")), text.utf8.contains(UInt8(ascii: ">")) else {
            return []
        }
        var marks: [String] = []
        var mark: String?
        for character in text {
            if character == "<" {
                mark = "<"
            } else if let begun = mark {
                mark =
                    character.isWhitespace || begun.count > Self.markMax
                    ? nil : begun + String(character)
            }
            guard character == ">", let whole = mark else { continue }
            mark = nil
            if whole.count > 2, !marks.contains(whole) { marks.append(whole) }
        }
        return marks
    }

    private func token(ending mark: String) async throws(ModelError) -> Int32? {
        let key = CanonicalJSON.text([
            "mark": JSONValue.text(mark), "extra": .object(spec.extraBody ?? [:]),
        ])
        if let known = server.endings.withLock({ $0[key] }) { return known }
        var found: Int32?
        let ids = try await tokens(of: mark).ids
        // Some tokenisers put a token for a space in front.
        if ids.count <= 2 {
            for id in ids {
                guard found == nil, try await ends(id) else { continue }
                found = id
            }
        }
        server.endings.withLock { endings in
            if endings.count >= Self.endingsMax { endings.removeAll() }
            endings[key] = .some(found)
        }
        return found
    }

    /// Lets the server sample this token and no other, and sees whether it goes on.
    private func ends(_ id: Int32) async throws(ModelError) -> Bool {
        let path = "/v1/completions"
        var body = spec.extraBody ?? [:]
        body.merge([
            "model": .text(spec.model), "prompt": .text("a"), "max_tokens": .integer(2),
            "temperature": .integer(0), "logit_bias": .object(["\(id)": .integer(100)]),
            "stream": .flag(false),
        ]) { _, new in new }
        let data = try await server.post(path, JSONValue.object(body))
        let url = server.http.url.appending(path)
        let answer = try ServerAnswer.decode(Answer.self, data, url: url)
        return answer.choices.first?.finish_reason == "stop"
    }
}
