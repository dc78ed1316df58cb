import OgiveModels
import Testing

@testable import ogive

struct EndpointTests {
    private func read(_ text: String) throws -> Configuration {
        try Configuration.parse(text, source: "q.yaml", folder: "/etc/ogive", environment: [:])
    }

    @Test func policyTakesTheLaunchedAddressAndItsKey() throws {
        let policy = try #require(
            read("policy: {model: m, url: 'http://h:1', api_key: '${K}', draws_per_request: 3}")
                .policy)
        let endpoint = try policy.endpoint(
            launched: nil, connections: 5, environment: ["K": "secret"])
        #expect(endpoint.url == "http://h:1")
        #expect(endpoint.apiKey == "secret")
        #expect(endpoint.drawsPerRequest == 3)
        #expect(endpoint.connections == 5)
        let launched = try policy.endpoint(
            launched: "http://l:2", connections: 5, environment: ["K": "secret"])
        #expect(launched.url == "http://l:2")
        #expect(throws: CommandError.self) {
            _ = try policy.endpoint(launched: nil, connections: 5, environment: [:])
        }
    }

    @Test func commandScorerKeepsItsFolderAndEnvironment() throws {
        let scorer = try #require(
            read(
                """
                scorer:
                  kind: command
                  model: mine
                  command: [bin/score, --fast]
                  directory: tools
                  environment: {MODE: strict}
                """
            ).scorer)
        let endpoint = try scorer.endpoint(launched: nil, connections: 1, environment: [:])
        #expect(endpoint.argv == ["/etc/ogive/tools/bin/score", "--fast"])
        #expect(endpoint.workingDirectory == "/etc/ogive/tools")
        #expect(endpoint.environment == ["MODE": "strict"])
    }

    @Test func launchGivesEverySettingToTheSupervisor() throws {
        let launch = try #require(
            read(
                """
                policy:
                  model: m
                  launch:
                    command: [serve, --port, "{port}"]
                    health: /ready
                    startup_timeout: 7s
                    stop_timeout: 3s
                    restarts_max: 1
                    log: serve.log
                    environment: {A: b}
                """
            ).policy?.endpoint.launch)
        let spec = launch.serverSpec
        #expect(spec.argv == ["serve", "--port", "{port}"])
        #expect(spec.healthPath == "/ready")
        #expect(spec.startTimeout == .seconds(7))
        #expect(spec.grace == .seconds(3))
        #expect(spec.restartsMax == 1)
        #expect(spec.logFile == "/etc/ogive/serve.log")
        #expect(spec.environment == ["A": "b"])
        #expect(spec.workingDirectory == "/etc/ogive")
    }
}
