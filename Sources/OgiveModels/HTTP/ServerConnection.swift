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
