package import OgiveCore
internal import Synchronization

/// One endpoint as adapters use it: its connections, and what the server said it is when it was
/// last asked.
package final class ServerConnection: Sendable {
    /// The requests' way to the server.
    package let http: ModelHTTP
    /// The model's name at the server.
    package let model: String

    private let profile = Mutex<ServerProfile?>(nil)

    /// Joins connections and model; asks nothing yet.
    package init(http: ModelHTTP, model: String) {
        self.http = http
        self.model = model
    }

    /// Asks the server what it is, now.
    package func refresh() async throws(ModelError) -> ServerProfile {
        let read = try await ServerProfile.read(http, model: model)
        profile.withLock { $0 = read }
        return read
    }

    /// What the server said when it was last asked; asks when it never was.
    package func known() async throws(ModelError) -> ServerProfile {
        if let profile = profile.withLock({ $0 }) { return profile }
        return try await refresh()
    }
}
