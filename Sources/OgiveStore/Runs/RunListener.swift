internal import OgiveCore
internal import Postgres

/// Hears that runs were submitted or changed. Only hints: some may be missed, so keep polling.
actor RunListener {
    private let configuration: PostgresConfiguration
    private var session: PostgresConnection?

    init(_ configuration: PostgresConfiguration) {
        var configuration = configuration
        configuration.applicationName = "ogive listener"
        self.configuration = configuration
    }

    /// Waits for a hint; returns at once when it only begins to listen.
    func next() async throws(StoreError) {
        do {
            guard let session, await session.isUsable else {
                let new = try await PostgresConnection.connect(configuration)
                try await new.listen("ogive_runs")
                self.session = new
                return
            }
            _ = try await session.nextNotification()
        } catch {
            await end()
            throw StoreError(error, during: "wait for changes of runs")
        }
    }

    /// Ends the connection.
    func end() async {
        let old = session
        session = nil
        await old?.close()
    }
}
