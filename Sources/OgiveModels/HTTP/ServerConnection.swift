package import FoundationEssentials
package import OgiveCore
internal import Synchronization

/// One endpoint as adapters use it: its connections, and what the server said it is.
///
/// It stays what it was when it was first asked. A server can only become another one by way of
/// new connections, so after each of them it is asked again before an answer is believed.
package final class ServerConnection: Sendable {
    /// The requests' way to the server.
    package let http: ModelHTTP
    /// The model's name at the server.
    package let model: String

    private struct State {
        /// What the server said first.
        var profile: ServerProfile?
        /// How many connections there were when it last said so.
        var connections = 0
    }

    private let state = Mutex(State())

    /// Joins connections and model; asks nothing yet.
    package init(http: ModelHTTP, model: String) {
        self.http = http
        self.model = model
    }

    /// Asks the server what it is, now. Throws `wrongModel` when that is not what it was.
    package func refresh() async throws(ModelError) -> ServerProfile {
        let connections = http.connectionsMade
        let read = try await ServerProfile.read(http, model: model)
        let first = state.withLock { state in
            let first = state.profile ?? read
            state.profile = first
            if first.facts == read.facts {
                state.connections = max(state.connections, connections)
            }
            return first
        }
        let changes = Set(first.facts.keys).union(read.facts.keys).sorted()
            .filter { first.facts[$0] != read.facts[$0] }
            .map { "\($0): \(first.facts[$0] ?? "none") before, \(read.facts[$0] ?? "none") now" }
        guard changes.isEmpty else {
            throw ModelError(
                .wrongModel,
                "\(http.url) serves another model than before "
                    + "(\(changes.joined(separator: "; "))); serve the former one, "
                    + "or start the worker again to offer this one")
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
        let data = try await http.post(path, body)
        if state.withLock({ $0.connections }) < http.connectionsMade { _ = try await refresh() }
        return data
    }
}
