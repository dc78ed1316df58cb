import OgiveMetrics
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10))) struct HTTPSettingsTests {
    private func read(
        _ text: String, _ environment: [String: String] = [:]
    ) throws -> Configuration {
        try Configuration.parse(
            text, source: "q.yaml", folder: "/etc/ogive", environment: environment)
    }

    private func problem(_ text: String) -> String {
        let error = #expect(throws: CommandError.self) { try read(text) }
        return error?.message ?? ""
    }

    @Test func `Nothing is served unless the section is there`() throws {
        let configuration = try read("coordinator: {}")
        #expect(configuration.coordinator.http == nil && configuration.worker.http == nil)
    }

    @Test func `An empty section serves this machine alone`() throws {
        let configuration = try read("coordinator: {http: {}}\nworker: {http: {}}")
        #expect(configuration.coordinator.http?.listen.description == "127.0.0.1:9464")
        #expect(configuration.worker.http?.listen.description == "127.0.0.1:9465")
        #expect(configuration.coordinator.http?.token == nil)
    }

    @Test(arguments: ["0.0.0.0:9464", "10.1.2.3:9464", "\"[::]:9464\""])
    func `Other machines are served only with a token`(address: String) throws {
        let text = "coordinator: {http: {listen: \(address)}}"
        #expect(problem(text).contains("coordinator.http.listen is an address that other machines"))
        let safe = "coordinator: {http: {listen: \(address), token_file: http.token}}"
        let token = try read(safe).coordinator.http?.token
        #expect(token?.source == .file("/etc/ogive/http.token"))
    }

    @Test(arguments: ["localhost:9464", "9464", "tcp://127.0.0.1:9464", "127.0.0.1:99999"])
    func `What is no address in digits is refused`(address: String) {
        let message = problem("worker: {http: {listen: '\(address)'}}")
        #expect(message.contains("worker.http.listen must be an address and a port"))
        #expect(message.contains("127.0.0.1:9465"))
    }

    @Test func `A token never stands in the open, and is not short`() throws {
        let open = "coordinator: {http: {token: abcdefghijklmnopqrst}}"
        #expect(problem(open).contains("coordinator.http.token must not stand in the open"))
        let folder = "coordinator: {http: {token_file: /nowhere/token}}"
        let http = try #require(try read(folder).coordinator.http)
        #expect(throws: CommandError.self) { try http.bearerToken() }
    }

    @Test func `Each worker of a run has a port of its own`() throws {
        let text = "worker: {processes: 3, http: {listen: 127.0.0.1:9500}}"
        let http = try #require(try read(text).worker.http)
        #expect(http.override(forWorker: 1) == [])
        let third = try #require(http.override(forWorker: 3))
        #expect(third == ["-o", "worker.http.listen=\"127.0.0.1:9502\""])
        // What is passed on is read again.
        let passed = try Configuration.parse(
            text, source: "q.yaml", folder: "/", overrides: [third[1]], environment: [:])
        #expect(passed.worker.http?.listen.port == 9502)
        let crowded = "worker: {processes: 3, http: {listen: 127.0.0.1:65534}}"
        #expect(problem(crowded).contains("worker.processes is 3"))
    }
}
