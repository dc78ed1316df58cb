package import FoundationEssentials
internal import OgiveCore

/// What a server says in the body of an error, in any of the shapes that are met:
/// `{"error": {"message", "type", "code", "param"}}`, `{"error": "text"}` (with `error_type` of
/// TGI), `{"message", "type", "param"}` (SGLang), `{"detail": "text" | [{"msg"}]}`, and text that
/// is no JSON at all.
package struct ServerErrorBody: Hashable, Sendable, Decodable {
    /// What the server says, cut to `messageBytesMax`; empty when it says nothing.
    package let message: String
    /// The server's name for the kind of error, such as `exceed_context_size_error`.
    package let type: String?
    /// The request's field that the error is about.
    package let parameter: String?
    /// The status that the body itself gives, by number or by name.
    let status: Int?
    /// Whether a moderator in front of the model says what it objects to.
    let isFlagged: Bool

    /// Longest excerpt of a server's message, in bytes.
    package static let messageBytesMax = 500

    /// Decodes a body; never fails.
    package init(_ body: Data) {
        if let read = try? BoundedJSON.decode(Self.self, from: body) {
            self = read
        } else {
            self.init(text: String(decoding: body.prefix(4_096), as: UTF8.self), type: nil)
        }
    }

    private init(text: String, type: String?) {
        message = Self.excerpt(text)
        self.type = type
        parameter = nil
        status = Self.status(named: type)
        isFlagged = false
    }

    /// Whether the server means that prompt, or prompt and completion, do not fit.
    package var isAboutContextLength: Bool {
        ServerErrors.all.contextLength.contains { $0.matches(self) }
    }

    /// Whether the server failed because of what it sampled: such a failure depends on the
    /// completion.
    package var isAboutOutput: Bool {
        ServerErrors.all.output.contains { $0.matches(self) }
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

    private static func status(named name: String?) -> Int? {
        name.flatMap { ServerErrors.all.statuses[$0.lowercased()] }
    }
}

extension ServerErrorBody {
    private enum Keys: String, CodingKey {
        case error, detail, object, message, type, param, code, status, metadata
        case errorType = "error_type"
        case reasons
        case flaggedInput = "flagged_input"
    }
    private struct Detail: Decodable { var msg: String }

    /// Reads a body, or the object under its `error`. Throws when it is neither.
    package init(from decoder: any Decoder) throws {
        let root = try decoder.container(keyedBy: Keys.self)
        if let error = try? root.nestedContainer(keyedBy: Keys.self, forKey: .error) {
            self.init(error)
        } else if let text = try? root.decode(String.self, forKey: .error) {
            self.init(text: text, type: try? root.decode(String.self, forKey: .errorType))
        } else if let text = try? root.decode(String.self, forKey: .detail) {
            self.init(text: text, type: nil)
        } else if let details = try? root.decode([Detail].self, forKey: .detail) {
            self.init(text: details.map(\.msg).joined(separator: "; "), type: nil)
        } else {
            _ = try root.decode(String.self, forKey: .message)
            self.init(root)
        }
    }

    private init(_ error: KeyedDecodingContainer<Keys>) {
        message = Self.excerpt((try? error.decode(String.self, forKey: .message)) ?? "")
        type = try? error.decode(String.self, forKey: .type)
        parameter = try? error.decode(String.self, forKey: .param)
        let names = [Keys.code, .status].compactMap { try? error.decode(String.self, forKey: $0) }
        let numbers = [Keys.code, .status].compactMap { try? error.decode(Int.self, forKey: $0) }
        // A name says more: OpenAI answers 429 to those who have not paid.
        let named = (names + [type].compactMap(\.self)).compactMap { Self.status(named: $0) }
        let numbered = (numbers + names.compactMap { Int($0) }).first { (400...599).contains($0) }
        status = named.first { $0 == 402 } ?? numbered ?? named.first
        let metadata = try? error.nestedContainer(keyedBy: Keys.self, forKey: .metadata)
        isFlagged =
            metadata?.contains(.reasons) == true || metadata?.contains(.flaggedInput) == true
            || names.contains { ["content_filter", "content_policy_violation"].contains($0) }
    }

    /// Whether an answer's object says itself that it is an error.
    struct Mark: Decodable {
        /// What it says; `nil` where it is no error.
        let body: ServerErrorBody?

        init(from decoder: any Decoder) throws {
            let root = try decoder.container(keyedBy: Keys.self)
            let error = try root.decodeIfPresent(JSONValue.self, forKey: .error)
            let isMarked = (try? root.decode(String.self, forKey: .object)) == "error"
            body = isMarked || error?.isFilled == true ? try ServerErrorBody(from: decoder) : nil
        }
    }
}

extension JSONValue {
    /// Whether it says anything: neither null, false, nor an empty text, list or object.
    var isFilled: Bool {
        switch self {
        case .null, .flag(false): false
        case .text(let text): !text.isEmpty
        case .list(let list): !list.isEmpty
        case .object(let object): !object.isEmpty
        case .integer, .number, .flag(true), .raw: true
        }
    }
}

/// How errors are told apart that servers put into words of their own.
struct ServerErrors: Sendable {
    /// What a prompt, or prompt and completion, that do not fit look like.
    var contextLength: [ErrorSign] = []
    /// What a failure looks like that follows from what was sampled.
    var output: [ErrorSign] = []
    /// Names of errors, in lower case, that come without a number, as the status that they stand
    /// for.
    var statuses: [String: Int] = [:]

    /// Those of all servers: what answers need not be what stands behind a gateway.
    static let all = ServerKind.all.reduce(into: ServerErrors()) { all, kind in
        all.contextLength += kind.errors.contextLength
        all.output += kind.errors.output
        all.statuses.merge(kind.errors.statuses) { first, _ in first }
    }
}

/// What one error of a server looks like. All that is given must be there.
struct ErrorSign: Sendable {
    /// Parts of the message.
    let phrases: [String]
    /// The server's name for the kind of error.
    let type: String?
    /// The request's field that the error is about.
    let parameter: String?

    /// Takes what is known of it.
    init(_ phrases: String..., type: String? = nil, parameter: String? = nil) {
        self.phrases = phrases
        self.type = type
        self.parameter = parameter
    }

    /// Whether `body` is such an error.
    func matches(_ body: ServerErrorBody) -> Bool {
        (type == nil || type == body.type) && (parameter == nil || parameter == body.parameter)
            && phrases.allSatisfy { body.message.contains($0) }
    }
}
