internal import Postgres

/// Idle connections, kept for the next call.
actor ConnectionShelf {
    private let configuration: PostgresConfiguration
    private let idleMax: Int
    private var idle: [PostgresConnection] = []

    init(_ configuration: PostgresConfiguration, idleMax: Int) {
        self.configuration = configuration
        self.idleMax = idleMax
    }

    func take() async throws(PostgresError) -> PostgresConnection {
        while let connection = idle.popLast() {
            if await connection.isUsable { return connection }
        }
        return try await PostgresConnection.connect(configuration)
    }

    func putBack(_ connection: PostgresConnection) async {
        let isReusable = await connection.isUsable
        let isBusy = await connection.isInTransaction
        if isReusable, !isBusy, idle.count < idleMax {
            idle.append(connection)
        } else {
            await connection.close()
        }
    }

    func close() async {
        let all = idle
        idle = []
        for connection in all { await connection.close() }
    }
}
