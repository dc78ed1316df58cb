internal import OgiveCore

/// A prompt and the completions that may follow it, as tokens.
///
/// The policy samples token after token behind the prompt's tokens. So a completion is tokenised by
/// itself and put behind them; only where its tokens do not give its text back (tokenisers that add
/// a space in front) prompt and completion are tokenised together, and the prompt's tokens must
/// come first.
struct ContinuationTokens: Sendable {
    let tokenizer: ServerTokenizer
    let input: CompletionRequest.Input
    /// The prompt's key, for messages.
    let key: String

    /// The prompt's tokens, as sampling has them.
    func prompt() async throws(ModelError) -> ServerTokenizer.Tokens {
        switch input {
        case .text(let text):
            try await tokenizer.tokens(of: text, special: true)
        case .messages(let messages, let tools):
            try await tokenizer.tokens(of: messages, tools: tools, isAnswered: true)
        case .partial(let messages, let tools, _):
            try await tokenizer.tokens(
                of: messages, tools: tools, isAnswered: false, isOpen: true)
        }
    }

    /// The completion's tokens behind the prompt's, the end token included. Throws when there are
    /// none that say the text, when the text holds a token that ends completions, or when all do
    /// not fit.
    func tokens(
        of text: String, after prompt: ServerTokenizer.Tokens, end: Int32
    ) async throws(ModelError) -> [Int32] {
        var ids = try await tokenizer.tokens(of: text).ids
        if try await !says(ids, text) { ids = try await joined(text, after: prompt.ids) }
        if ids.contains(end) {
            throw ModelError(
                .rejected,
                "a candidate of prompt `\(key)` holds the text of the end token, which Ogive adds "
                    + "itself; remove it from the file")
        }
        if let ending = try await tokenizer.ending(in: text, ids) {
            throw ModelError(
                .rejected,
                "a candidate of prompt `\(key)` holds `\(ending)`, a token at which the model ends "
                    + "a completion, so that sampling could never give it; remove it from the file")
        }
        let count = prompt.ids.count + ids.count + 1
        // The server asks for room for one token more.
        if let lengthMax = prompt.lengthMax, count >= lengthMax {
            throw ModelError(
                .promptTooLong,
                "prompt `\(key)` and a candidate have \(count) tokens with the end token; "
                    + "\(tokenizer.server.http.url) takes at most \(lengthMax - 1)")
        }
        return ids + [end]
    }

    private func joined(
        _ text: String, after prompt: [Int32]
    ) async throws(ModelError) -> [Int32] {
        let whole =
            switch input {
            case .text(let start):
                try await tokenizer.tokens(of: start + text, special: true)
            case .messages(let messages, let tools):
                try await tokenizer.tokens(
                    of: messages + [ChatMessage(role: "assistant", content: text)], tools: tools,
                    isAnswered: false, isOpen: true)
            case .partial(let messages, let tools, _):
                try await tokenizer.tokens(
                    of: Conversation.extending(messages, by: text), tools: tools,
                    isAnswered: false, isOpen: true)
            }
        let ids = Array(whole.ids.dropFirst(prompt.count))
        guard whole.ids.starts(with: prompt), try await says(ids, text) else {
            throw ModelError(
                .rejected,
                "\(tokenizer.server.http.url) has no tokens behind those of prompt `\(key)` that "
                    + "give the text of a candidate back, byte for byte; sampling could not give "
                    + "it either")
        }
        return ids
    }

    /// Whether tokens give the text back. Bytes are compared: `==` of texts is wider.
    private func says(_ ids: [Int32], _ text: String) async throws(ModelError) -> Bool {
        try await Array(tokenizer.text(of: ids).utf8) == Array(text.utf8)
    }
}
