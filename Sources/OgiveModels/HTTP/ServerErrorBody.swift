package import FoundationEssentials
internal import OgiveCore

/// What a server says in the body of an error, in any of the shapes that are met:
/// `{"error": {"message", "type", "code", "param"}}`, `{"error": "text"}` (with `error_type` of
/// TGI), `{"message", "type", "param"}` (SGLang), `{"detail": "text" | [{"msg"}]}`, and text that
/// is no JSON at all.
package struct ServerErrorBody: Hashable, Sendable {
    /// What the server says, cut to `messageBytesMax`; empty when it says nothing.
    package let message: String
    /// The server's name for the kind of error, such as `exceed_context_size_error`.
    package let type: String?
    /// The request's field that the error is about.
    package let parameter: String?

    /// Longest excerpt of a server's message, in bytes.
    package static let messageBytesMax = 500

    /// Decodes a body; never fails.
    package init(_ body: Data) {
        if let shape = try? BoundedJSON.decode(Shape.self, from: body) {
            message = Self.excerpt(shape.message)
            type = shape.type
            parameter = shape.parameter
        } else {
            message = Self.excerpt(String(decoding: body.prefix(4_096), as: UTF8.self))
            type = nil
            parameter = nil
        }
    }

    /// Whether the server means that prompt, or prompt and completion, do not fit.
    package var isAboutContextLength: Bool {
        type == "exceed_context_size_error" || parameter == "input_tokens"
            || message.contains("maximum context length")
            || message.contains("maximum model length")
            || message.contains("exceeds the available context size")
            || message.contains("too large to process")
            // SGLang, and TEI: `inputs` must have less than 512 tokens. Given: 600
            || message.contains("longer than the model's context length")
            || message.contains("longer than the context length")
            || message.contains("exceeds the context length")
            || (type == "validation" && message.contains("tokens"))
            || message.contains("must have less than") && message.contains("tokens")
    }

    /// Whether the server failed because of what it sampled: llama.cpp's parser of chats, and
    /// Python's JSON (vLLM), which refuses NaN. Such a failure depends on the completion.
    package var isAboutOutput: Bool {
        message.contains("Failed to parse input at pos")
            || message.contains("not JSON compliant")
    }

    /// Whether a 404 means the model rather than the path.
    package var isAboutModel: Bool {
        parameter == "model" || (message.contains("model") && message.contains("does not exist"))
    }

    private static func excerpt(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard line.utf8.count > messageBytesMax else { return line }
        return String(decoding: line.utf8.prefix(messageBytesMax), as: UTF8.self) + "…"
    }

    private struct Shape: Decodable {
        var message: String
        var type: String?
        var parameter: String?

        private enum Keys: String, CodingKey {
            case error, detail, message, type, param
            case errorType = "error_type"
        }
        private enum ErrorKeys: String, CodingKey { case message, type, param }
        private struct Detail: Decodable { var msg: String }

        init(from decoder: any Decoder) throws {
            let root = try decoder.container(keyedBy: Keys.self)
            if let error = try? root.nestedContainer(keyedBy: ErrorKeys.self, forKey: .error) {
                message = (try? error.decode(String.self, forKey: .message)) ?? ""
                type = try? error.decode(String.self, forKey: .type)
                parameter = try? error.decode(String.self, forKey: .param)
            } else if let text = try? root.decode(String.self, forKey: .error) {
                message = text
                type = try? root.decode(String.self, forKey: .errorType)
            } else if let text = try? root.decode(String.self, forKey: .detail) {
                message = text
            } else if let details = try? root.decode([Detail].self, forKey: .detail) {
                message = details.map(\.msg).joined(separator: "; ")
            } else {
                message = try root.decode(String.self, forKey: .message)
                type = try? root.decode(String.self, forKey: .type)
                parameter = try? root.decode(String.self, forKey: .param)
            }
        }
    }
}
