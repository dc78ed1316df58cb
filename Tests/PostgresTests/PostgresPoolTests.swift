import OgiveTesting
import Postgres
import Testing

extension WithServer {
    @Suite(.timeLimit(.minutes(10))) struct Pools {
        @Test func aPoolNeverOpensMoreThanItsSize() async throws {
            try await PrivateServer.database { configuration in
                let pool = PostgresPool(configuration, size: 2)
                let pids = try await withThrowingTaskGroup(of: Int32.self) { group in
                    for _ in 0..<12 {
                        group.addTask {
                            try await pool.withConnection { db in
                                _ = try await db.query("SELECT 1")
                                return try await db.backendProcessID()
                            }
                        }
                    }
                    return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
                }
                #expect(pids.count <= 2)
                #expect(pool.counts.inUse == 0)
                await pool.close()
            }
        }

        @Test func whoWaitsLongestIsServedFirst() async throws {
            try await PrivateServer.database { configuration in
                let pool = PostgresPool(configuration, size: 1)
                let (order, report) = AsyncStream.makeStream(of: Int.self)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    try await pool.withConnection { _ in
                        for number in 0..<5 {
                            group.addTask {
                                try await pool.withConnection { _ in _ = report.yield(number) }
                            }
                            try await eventually("number \(number) to wait") {
                                pool.counts.waiting > number
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                report.finish()
                #expect(await order.reduce(into: []) { $0.append($1) } == [0, 1, 2, 3, 4])
                await pool.close()
            }
        }

        @Test func waitingEndsAtTheDeadlineAndAtCancellation() async throws {
            try await PrivateServer.database { configuration in
                let pool = PostgresPool(
                    configuration, size: 1, acquireTimeout: .milliseconds(300))
                let patient = PostgresPool(configuration, size: 1)
                try await pool.withConnection { _ in
                    let late = try await postgresError { try await pool.withConnection { _ in } }
                    #expect(late.code == .poolTimeout)
                }
                try await patient.withConnection { _ in
                    let cancelled = try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { try await patient.withConnection { _ in } }
                        try await eventually("a waiter") { patient.counts.waiting > 0 }
                        group.cancelAll()
                        return try await postgresError { try await group.next() }
                    }
                    #expect(cancelled.code == .cancelled)
                }
                #expect(patient.counts.waiting == 0)
                #expect(pool.counts.idle == 1)
                await pool.close()
                await patient.close()
                let closed = try await postgresError { try await pool.withConnection { _ in } }
                #expect(closed.code == .poolClosed)
            }
        }

        @Test func aTerminatedConnectionIsReplaced() async throws {
            try await PrivateServer.database { configuration in
                let pool = PostgresPool(configuration, size: 1)
                let observer = try await PostgresConnection.connect(configuration)
                let first = try await pool.withConnection { try await $0.backendProcessID() }
                try await observer.execute(
                    "SELECT pg_terminate_backend($1, 10000)", [.int32(first)])
                let second = try await pool.withConnection { db in
                    #expect(try await db.query("SELECT 1").count == 1)
                    return try await db.backendProcessID()
                }
                #expect(first != second)
                await pool.close()
            }
        }

        @Test func aConnectionThatMayNotWriteIsReplaced() async throws {
            try await PrivateServer.database { configuration in
                let pool = PostgresPool(configuration, size: 1)
                let first = try await pool.withConnection { try await $0.backendProcessID() }
                await #expect(throws: PostgresError.self) {
                    try await pool.withConnection { db in
                        try await db.execute("SET default_transaction_read_only = on")
                        try await db.execute("CREATE TABLE a ()")
                    }
                }
                let second = try await pool.withConnection { try await $0.backendProcessID() }
                #expect(first != second)
                await pool.close()
            }
        }

        @Test func notificationsArriveInOrder() async throws {
            try await PrivateServer.database { configuration in
                let listener = try await PostgresConnection.connect(configuration)
                let sender = try await PostgresConnection.connect(configuration)
                try await listener.listen("news \"x\"")
                try await sender.execute("SELECT pg_notify('news \"x\"', 'one')")
                try await sender.execute("SELECT pg_notify('news \"x\"', 'two')")
                var payloads: [String] = []
                for try await notification in listener.notifications {
                    payloads.append(notification.payload)
                    if payloads.count == 2 { break }
                }
                #expect(payloads == ["one", "two"])
            }
        }
    }
}
