/// A message of NOTIFY: a hint to look, never the truth itself.
package struct PostgresNotification: Sendable, Equatable {
    /// The channel's name.
    package let channel: String
    /// The text that came along, often empty.
    package let payload: String
}

extension PostgresConnection {
    /// Subscribes to a channel. Use a connection for nothing else: waiting occupies it. After a
    /// reconnect listen first and look into the tables then: what was sent meanwhile is lost.
    package func listen(_ channel: String) async throws(PostgresError) {
        let quoted = channel.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"")
        try await execute("LISTEN \"\(quoted)\"")
    }

    /// Waits for the next notification. Throws `connectionLost` or `cancelled`.
    package func nextNotification() async throws(PostgresError) -> PostgresNotification {
        let link = try openLink()
        return try await cancellable { (flag) throws(PostgresError) in
            try link.nextNotification(flag)
        }
    }

    /// The notifications as they come; ends by throwing when the connection is lost.
    package nonisolated var notifications: PostgresNotifications {
        PostgresNotifications(connection: self)
    }
}

/// The notifications of one connection.
package struct PostgresNotifications: AsyncSequence, Sendable {
    let connection: PostgresConnection

    /// Reads from the connection, without a buffer of its own.
    package struct AsyncIterator: AsyncIteratorProtocol {
        let connection: PostgresConnection

        package func next() async throws -> PostgresNotification? {
            try await connection.nextNotification()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(connection: connection)
    }
}
