import OgiveCore
import Postgres
import Testing

@testable import OgiveStore

@Suite("The store's errors", .timeLimit(.minutes(10)))
struct StoreErrorTests {
    private static func server(_ state: String) -> PostgresError {
        var error = PostgresError(.server, "refused")
        error.sqlState = state
        return error
    }

    @Test(
        "say what the coordinator has to do about a SQLSTATE",
        arguments: [
            ("40001", StoreError.Code.unavailable), ("40P01", .unavailable),
            ("55P03", .unavailable), ("57014", .unavailable), ("57P01", .unavailable),
            ("57P02", .unavailable), ("57P03", .unavailable), ("08006", .unavailable),
            ("53300", .unavailable), ("53100", .exhausted), ("53200", .exhausted),
            ("58030", .exhausted), ("25006", .exhausted), ("42P01", .schema), ("3F000", .schema),
            ("42883", .schema), ("42501", .forbidden), ("23505", .refused), ("XX000", .refused),
        ])
    func fromState(state: String, expected: StoreError.Code) {
        let error = StoreError(Self.server(state), during: "land results")
        #expect(error.code == expected)
        #expect(error.message.hasPrefix("land results: refused (SQLSTATE \(state))"))
    }

    @Test("name the folder of an embedded database whose disk is full, and else the server")
    func diskFull() {
        var place = PostgresConfiguration(
            socketDirectory: "/data/run", user: "ogive", database: "ogive")
        func message() -> String {
            StoreError(Self.server("53100"), during: "land results", at: place).message
        }
        #expect(message().contains("make room at socket /data/run/.s.PGSQL.5432"))
        place.folder = "/data"
        #expect(message().contains("make room at /data: the same is tried again"))
    }

    @Test("say who can grant a right that the login lacks")
    func rights() {
        let error = StoreError(Self.server("42501"), during: "bind fingerprints")
        #expect(error.message.contains("GRANT ogive_writer TO it"))
        #expect(!error.isRetriable)
        #expect(!StoreError(Self.server("23505"), during: "land").message.contains("GRANT"))
    }

    @Test(
        "say what the coordinator has to do about a connection",
        arguments: [
            (PostgresError.Code.connectionLost(duringCommit: true), StoreError.Code.unknownOutcome),
            (.connectionLost(duringCommit: false), .unavailable),
            (.serverUnreachable, .unavailable), (.connectTimeout, .unavailable),
            (.poolTimeout, .unavailable), (.authenticationFailed, .refused),
            (.databaseMissing, .refused), (.misuse, .refused),
        ])
    func fromConnection(code: PostgresError.Code, expected: StoreError.Code) {
        #expect(StoreError(PostgresError(code, "x"), during: "y").code == expected)
    }

    @Test("pass an error of the store on, and take a cancellation for nothing written")
    func passOn() {
        let stale = StoreError(.staleTerm, "old")
        #expect(StoreError(stale, during: "z").message == "old")
        #expect(StoreError(CancellationError(), during: "z").code == .unavailable)
    }
}
