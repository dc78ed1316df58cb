internal import FoundationEssentials
internal import OgiveCore

/// Reads the JSON answers of model servers.
enum ServerAnswer {
    /// Decodes the body of an answer with status 200.
    ///
    /// Throws what the body says of an error, by the status that it gives. Throws `serverError`
    /// when it is no JSON object at all: every answer of every supported server is one, whatever
    /// was sampled, so this came from something in between. Throws `malformed` when it is one that
    /// breaks the contract.
    static func decode<Value: Decodable>(
        _ type: Value.Type, _ data: Data, url: String, begins mark: Unicode.Scalar = "{"
    ) throws(ModelError) -> Value {
        guard data.first(where: { !isSpace($0) }) == UInt8(ascii: mark) else {
            if mark == "[", let error = reportedError(in: data, url: url) { throw error }
            throw ModelError(
                .serverError,
                "\(url) answered with no JSON \(mark == "[" ? "list" : "object"): "
                    + "\(excerpt(data)); is this a model server, or is there a proxy before it?")
        }
        if mark == "[" { return try value(type, data, url: url) }
        let answer = try value(Reported<Value>.self, data, url: url)
        if let body = answer.error { throw HTTPFailure.error(url: url, reported: body) }
        do {
            return try answer.value.get()
        } catch {
            throw unlike(error, data, url: url)
        }
    }

    /// The error that an answer with status 200 holds in place of what was asked for; `nil` when it
    /// holds none.
    static func reportedError(in data: Data, url: String) -> ModelError? {
        let mark = try? BoundedJSON.decode(ServerErrorBody.Mark.self, from: data)
        return mark?.body.map { HTTPFailure.error(url: url, reported: $0) }
    }

    /// An answer, and what it says of an error.
    private struct Reported<Value: Decodable>: Decodable {
        let error: ServerErrorBody?
        let value: Result<Value, any Error>

        init(from decoder: any Decoder) throws {
            error = (try? ServerErrorBody.Mark(from: decoder))?.body
            value = Result { try Value(from: decoder) }
        }
    }

    private static func value<Value: Decodable>(
        _ type: Value.Type, _ data: Data, url: String
    ) throws(ModelError) -> Value {
        do {
            return try BoundedJSON.decode(type, from: data)
        } catch {
            throw unlike(error, data, url: url)
        }
    }

    private static func unlike(_ error: any Error, _ data: Data, url: String) -> ModelError {
        ModelError(
            .malformed,
            "\(url) answered what is not its contract (\(reason(error))): \(excerpt(data)); "
                + "is this a model server, and of a supported version?")
    }

    /// The same of an answer that is a list.
    static func decodeList<Value: Decodable>(
        _ type: Value.Type, _ data: Data, url: String
    ) throws(ModelError) -> [Value] {
        try decode([Value].self, data, url: url, begins: "[")
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 32 || (9...13).contains(byte)
    }

    private static func excerpt(_ data: Data) -> String {
        // A kibibyte is more than the excerpt can hold.
        let start = ServerErrorBody(data.prefix(1_024)).message.prefix(200)
        return start.isEmpty ? "an empty body" : String(start)
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "`\(key.stringValue.prefix(60))` is missing"
        case DecodingError.typeMismatch(_, let context),
            DecodingError.valueNotFound(_, let context):
            "`\(path(context.codingPath))` has another type"
        default: "no valid JSON"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.prefix(8).map { String($0.stringValue.prefix(60)) }.joined(separator: ".")
    }
}
