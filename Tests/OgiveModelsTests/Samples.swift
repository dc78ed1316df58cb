import OgiveCore
import OgiveModels

/// Values that the tests share.
enum Samples {
    static let question = "Tom has 12 apples and buys 7 more. How many apples now?"

    static func prompt(_ content: PromptContent, metadata: String = "{}") -> Prompt {
        Prompt(id: PromptID(1), key: "p1", content: content, metadata: metadata)
    }

    static let chat = prompt(.chat([ChatMessage(role: "user", content: question)]))

    static func sampleRequest(_ indexes: [Int32]) -> SampleRequest {
        sampleRequest(chat, indexes)
    }

    static func sampleRequest(_ prompt: Prompt, _ indexes: [Int32]) -> SampleRequest {
        var parameters = SamplingParameters()
        parameters.maxTokens = 24
        return SampleRequest(
            prompt: prompt, seedBase: 5, indexes: indexes, parameters: parameters)
    }

    static func connection(
        _ url: String, model: String, apiKey: String? = nil,
        server: ServerKind? = nil, timeout: Duration = .seconds(30),
        answerBytesMax: Int = 1 << 20
    ) throws -> ServerConnection {
        ServerConnection(
            http: ModelHTTP(
                url: try ModelURL(url), apiKey: apiKey, requestTimeout: timeout, connections: 4,
                answerBytesMax: answerBytesMax),
            model: model, kind: server)
    }

    static func policy(
        _ url: String, model: String = "tiny-policy", apiKey: String? = nil,
        server: ServerKind? = nil, drawsPerRequest: Int = 8,
        timeout: Duration = .seconds(30),
        answerBytesMax: Int = 1 << 20, _ change: (inout PolicySpec) -> Void = { _ in }
    ) throws -> CompletionPolicy {
        var spec = PolicySpec(kind: .openai, model: model)
        change(&spec)
        return CompletionPolicy(
            spec: spec,
            server: try connection(
                url, model: model, apiKey: apiKey, server: server, timeout: timeout,
                answerBytesMax: answerBytesMax),
            drawsPerRequest: drawsPerRequest)
    }
}

extension Result where Failure == ModelError {
    /// The failure's code; `nil` for a success.
    var code: ModelError.Code? {
        if case .failure(let error) = self { error.code } else { nil }
    }

    /// The failure's message; empty for a success.
    var message: String {
        if case .failure(let error) = self { error.message } else { "" }
    }
}
