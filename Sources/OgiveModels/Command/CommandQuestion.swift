internal import FoundationEssentials
internal import OgiveCore

/// One line to the scoring subprocess, but for its `id`.
struct CommandQuestion: Encodable {
    var request: ScoreRequest

    private enum Keys: String, CodingKey { case prompt, messages, tools, completion, metadata }

    func encode(to encoder: any Encoder) throws {
        var line = encoder.container(keyedBy: Keys.self)
        switch request.prompt.content {
        case .text(let text): try line.encode(text, forKey: .prompt)
        case .chat(let messages, let tools):
            try line.encode(JSONValue.messages(messages), forKey: .messages)
            try line.encodeIfPresent(tools.map(JSONValue.raw), forKey: .tools)
        }
        try line.encode(request.completion, forKey: .completion)
        let metadata = try BoundedJSON.decode(
            JSONValue.self, from: Data(request.prompt.metadata.utf8))
        try line.encode(metadata, forKey: .metadata)
    }
}
