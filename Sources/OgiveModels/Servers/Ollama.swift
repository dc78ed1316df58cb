internal import OgiveCore

// Where each fact comes from is said in Servers.md.
extension ServerKind {
    /// Ollama.
    package static let ollama: ServerKind = {
        var kind = ServerKind(name: "Ollama", yamlName: "ollama")
        kind.pages = ["/api/version", "/api/tags"]
        kind.facts = { pages in
            guard let version = pages.read(Version.self, at: "/api/version") else { return nil }
            let tags = pages.read(OllamaTags.self, at: "/api/tags")
            let digest = tags?.models.first { $0.name == pages.entry?.id }?.digest
            return ServerFacts(["version": version.version, "digest": digest])
        }
        kind.dialect = .ollama
        // It loaded the model, and did nothing else.
        kind.finishReasons = ["load": .givenUp, "unload": .givenUp]
        kind.errors.contextLength = [
            ErrorSign("longer than the context length"), ErrorSign("exceeds the context length"),
        ]
        return kind
    }()
}

extension ServerDialect {
    /// By its own endpoints: with OpenAI's, top_k stays at 40, and prompts that are too long are
    /// cut without a word.
    fileprivate static var ollama: ServerDialect {
        var dialect = ServerDialect()
        dialect.chatPath = "/api/chat"
        dialect.textPath = "/api/generate"
        dialect.read = { (data, url) throws(ModelError) in
            try ServerAnswer.decode(OllamaAnswer.self, data, url: url).answer
        }
        dialect.parametersField = "options"
        dialect.maxTokens = "num_predict"
        dialect.topK = Parameter(name: "top_k", off: .integer(0))
        dialect.minP = Parameter(name: "min_p", off: .integer(0))
        dialect.off = [
            "presence_penalty": .integer(0), "frequency_penalty": .integer(0),
            "repeat_penalty": .integer(1), "typical_p": .integer(1),
        ]
        dialect.chatFields = ["truncate": .flag(false), "shift": .flag(false)]
        dialect.textFields = dialect.chatFields.merging(["raw": .flag(true)]) { _, new in new }
        dialect.logProbabilities = .none("it leaves out the token that ends a completion")
        dialect.given = .none("it says nothing of the tokens of a prompt")
        dialect.tools = .none("it takes calls of tools out of the text")
        dialect.takesFieldsOfTurns = false
        return dialect
    }
}

// The field names are the server's own.

/// `/api/tags` of Ollama.
private struct OllamaTags: Decodable {
    /// One model that lies on the server.
    struct Model: Decodable {
        var name: String
        var digest: String?
    }

    var models: [Model]
}

/// The answer of Ollama's `/api/chat` (`message`) and `/api/generate` (`response`).
private struct OllamaAnswer: Decodable {
    /// The message of a chat.
    struct Message: Decodable {
        var content: String?
        var thinking: String?
        var tool_calls: JSONValue?
    }

    var model: String?
    var message: Message?
    var response: String?
    var thinking: String?
    var done: Bool
    var done_reason: String?
    var eval_count: Int?
    var prompt_eval_count: Int?

    /// The same in the shape of the other servers.
    var answer: CompletionAnswer {
        let choice = CompletionAnswer.Choice(
            index: 0, finishReason: done_reason, text: message?.content ?? response, cut: cut)
        return CompletionAnswer(
            model: model, choices: [.choice(choice)],
            usage: CompletionAnswer.Usage(
                completionTokens: eval_count, promptTokens: prompt_eval_count))
    }

    private var cut: String? {
        if [thinking, message?.thinking].contains(where: { $0?.isEmpty == false }) {
            return "reasoning parser"
        }
        return message?.tool_calls?.isFilled == true ? "tool parser" : nil
    }
}
