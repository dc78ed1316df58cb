package import FoundationEssentials
package import OgiveCore
internal import Synchronization

/// One endpoint as adapters use it: its connections, and what the server said it is.
///
/// It stays what it was when it was first asked, and what the other endpoints of its model are. A
/// server can only become another one by way of new connections, so after each of them it is asked
/// again before an answer is believed.
package final class ServerConnection: Sendable {
    /// The requests' way to the server.
    package let http: ModelHTTP
    /// The model's name at the server.
    package let model: String
    /// Which server it is, when that is not for the server to say.
    private let kind: ServerKind?

    private struct State {
        /// What the server said first.
        var profile: ServerProfile?
        /// How many connections there were when it last said so.
        var connections = 0
    }

    private let state = Mutex(State())
    /// The tokens that end completions, by what a specification says of them.
    let endTokens = Mutex([String: Int32]())
    /// Whether it gave log-probabilities of a draw so far.
    let gaveLogProbabilities = Atomic(false)
    /// Texts of special tokens that were looked at, with the token where sampling ends at it.
    let endings = Mutex([String: Int32?]())
    private let agreed: AgreedFacts

    /// Joins connections and model; asks nothing yet. `agreed` is shared by the endpoints of one
    /// model; without a `kind` the server is asked which it is.
    package init(
        http: ModelHTTP, model: String, kind: ServerKind? = nil,
        agreed: AgreedFacts = AgreedFacts()
    ) {
        self.http = http
        self.model = model
        self.kind = kind
        self.agreed = agreed
    }

    /// Asks the server what it is, now. Throws `wrongModel` when that is not what it was.
    package func refresh() async throws(ModelError) -> ServerProfile {
        let connections = http.connectionsMade
        // One that was recognised is recognised by the same pages, or it is another one.
        let recognised = state.withLock { $0.profile?.kind }.flatMap { $0 == .other ? nil : $0 }
        let read = try await ServerProfile.read(http, model: model, kind: kind ?? recognised)
        try agreed.check(read.facts, url: "\(http.url)")
        state.withLock { state in
            state.profile = state.profile ?? read
            state.connections = max(state.connections, connections)
        }
        return read
    }

    /// What the server said when it was first asked; asks when it never was.
    package func known() async throws(ModelError) -> ServerProfile {
        if let profile = state.withLock({ $0.profile }) { return profile }
        return try await refresh()
    }

    /// Posts a JSON document and returns the answer's bytes, if they are the former model's.
    package func post(_ path: String, _ body: some Encodable & Sendable) async throws(ModelError)
        -> Data
    {
        try await ask(path, body).data
    }

    /// The same with what the answer's headers say that it took.
    func ask(_ path: String, _ body: some Encodable & Sendable) async throws(ModelError)
        -> ModelHTTP.Reply
    {
        let reply = try await http.ask(path, body)
        if state.withLock({ $0.connections }) < http.connectionsMade { _ = try await refresh() }
        return reply
    }
}

/// Reads how busy a server is from its `/metrics` (Prometheus' text format).
package enum ServerMetrics {
    /// What a server calls its queues.
    struct Names: Sendable {
        /// Sequences that it works on.
        var running: String
        /// What waits.
        var waiting: String
        /// Whether `waiting` counts a request of several sequences once.
        var queuesRequests = false
    }

    /// Most bytes of the page that are read.
    static let bytesMax = 4 << 20

    /// The load that the page reports; `nil` when it has none of the queues that are known.
    package static func load(_ page: Data) -> ServerLoad? {
        guard page.count <= bytesMax else { return nil }
        let text = String(decoding: page, as: UTF8.self)
        var found: [Substring: Double] = [:]
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            let name = line.prefix { $0 != "{" && $0 != " " }
            // After the labels, which may hold spaces, comes the value.
            let rest =
                line.lastIndex(of: "}").map { line[$0...].dropFirst() }
                ?? line.dropFirst(name.count)
            guard let value = rest.split(separator: " ").first.flatMap({ Double($0) }),
                value >= 0, value < 1e9
            else { continue }
            found[name, default: 0] += value
        }
        for names in ServerKind.all.compactMap(\.metrics) {
            guard let waiting = found[names.waiting[...]] else { continue }
            return ServerLoad(
                running: Int(found[names.running[...]] ?? 0), waiting: Int(waiting),
                queuesRequests: names.queuesRequests)
        }
        return nil
    }
}

extension ServerConnection {
    /// How busy the server says it is; `nil` where it does not report it.
    package func load() async -> ServerLoad? {
        do throws(ModelError) {
            return ServerMetrics.load(try await http.get("/metrics"))
        } catch {
            // Many servers have no such page, and a hint is no reason to fail.
            return nil
        }
    }
}

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
