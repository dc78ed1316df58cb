import OgiveCore
import OgiveModels
import OgiveWorker
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10)))
struct EndpointTests {
    private func read(
        _ text: String, _ environment: [String: String] = [:]
    ) throws -> Configuration {
        try Configuration.parse(
            text, source: "q.yaml", folder: "/etc/ogive", environment: environment)
    }

    @Test func policyTakesTheLaunchedAddressAndItsKey() throws {
        let policy = try #require(
            read("policy: {model: m, url: 'http://h:1', api_key: '${K}', draws_per_request: 3}")
                .policy)
        let endpoint = try policy.endpoints(
            launched: nil, connections: 5, environment: ["K": "secret"])[0]
        #expect(endpoint.url == "http://h:1")
        #expect(endpoint.apiKey == "secret")
        #expect(endpoint.drawsPerRequest == 3)
        #expect(endpoint.connections == 5)
        let launched = try policy.endpoints(
            launched: "http://l:2", connections: 5, environment: ["K": "secret"])[0]
        #expect(launched.url == "http://l:2")
        #expect(throws: CommandError.self) {
            _ = try policy.endpoints(launched: nil, connections: 5, environment: [:])
        }
    }

    @Test func serverAuthorityAndExtraBodyAreTaken() throws {
        let policy = try #require(
            read(
                """
                policy:
                  model: m
                  url: https://h:1
                  ca_file: ca.pem
                  server: sglang
                  extra_body: {a: [1, 1.5, "1", true, ~], b: {c: "${V}"}}
                """, ["V": "7"]
            ).policy)
        #expect(
            policy.spec.extraBody == [
                "a": .list([.integer(1), .number(1.5), .text("1"), .flag(true), .null]),
                "b": .object(["c": .text("7")]),
            ])
        let endpoint = try policy.endpoints(launched: nil, connections: 1, environment: [:])[0]
        #expect(endpoint.server == .sglang)
        #expect(endpoint.caFile == "/etc/ogive/ca.pem")
    }

    @Test func severalAddressesShareWhatTheyDoNotSayThemselves() throws {
        let policy = try #require(
            read(
                """
                policy:
                  model: m
                  api_key: ${K}
                  requests_per_minute: 60
                  concurrency: 4
                  endpoints:
                    - {url: "http://a:1"}
                    - {url: "http://b:2", api_key: "${L}", concurrency: 9, tokens_per_minute: 1e6}
                """
            ).policy)
        let endpoints = try policy.endpoints(
            launched: nil, connections: 5, environment: ["K": "k", "L": "l"])
        #expect(endpoints.map(\.url) == ["http://a:1", "http://b:2"])
        #expect(endpoints.map(\.apiKey) == ["k", "l"])
        #expect(endpoints.map(\.limits.concurrency) == [4, 9])
        #expect(endpoints.map(\.limits.requestsPerMinute) == [60, 60])
        #expect(endpoints.map(\.limits.tokensPerMinute) == [nil, 1e6])
        let scorer = try #require(
            read("scorer: {kind: rerank, model: m, url: ['http://a:1', 'http://b:2']}").scorer)
        let addresses = try scorer.endpoints(launched: nil, connections: 5, environment: [:])
        #expect(addresses.map(\.url) == ["http://a:1", "http://b:2"])
    }

    @Test(arguments: [
        ("url: ['http://a', 'http://a']", "policy.url names"),
        ("url: []", "policy.url must name a server"),
        ("endpoints: [{url: 'ftp://a'}]", "policy.endpoints must begin with http://"),
        ("endpoints: [{api_key: '${K}'}]", "policy.endpoints.url is missing"),
        ("endpoints: ['http://a']", "policy.endpoints must hold mappings only"),
        ("endpoints: [{url: 'http://a', concurency: 3}]", "did you mean `concurrency`?"),
        ("url: 'http://a', endpoints: [{url: 'http://b'}]", "policy.endpoints contradict"),
        ("url: 'http://a', requests_per_minute: 0", "must be more than 0"),
    ])
    func wrongAddressesAreReported(_ keys: String, _ report: String) {
        let error = #expect(throws: CommandError.self) {
            try read("policy: {model: m, \(keys)}")
        }
        #expect(error?.message.contains(report) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        ("12", Concurrency.fixed(12)), ("auto", .auto(2...256)), ("auto(4..512)", .auto(4...512)),
    ])
    func concurrencyIsANumberOrFoundByItself(_ text: String, _ expected: Concurrency) throws {
        let worker = try read("worker: {sample_concurrency: \(text), score_concurrency: 3}").worker
        #expect(worker.work.sampleConcurrency == expected)
        #expect(worker.work.scoreConcurrency == .fixed(3))
    }

    @Test(arguments: ["0", "5000", "auto(9..8)", "auto(0..8)", "auto(1..99999)", "many"])
    func otherConcurrenciesAreRefused(_ text: String) {
        let error = #expect(throws: CommandError.self) {
            try read("worker: {sample_concurrency: '\(text)'}")
        }
        #expect(error?.message.contains("must be a whole number in 1…4096 or `auto`") == true)
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
        let endpoint = try scorer.endpoints(launched: nil, connections: 1, environment: [:])[0]
        let command = try #require(endpoint.adapter as? CommandAdapter)
        #expect(command.argv == ["/etc/ogive/tools/bin/score", "--fast"])
        #expect(command.workingDirectory == "/etc/ogive/tools")
        #expect(command.environment == ["MODE": "strict"])
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
        let spec = launch.sharing(with: 2)
        #expect(spec.argv == ["serve", "--port", "{port}"])
        #expect(spec.threads == UsableCores.share(of: 2))
        #expect(spec.healthPath == "/ready")
        #expect(spec.startTimeout == .seconds(7))
        #expect(spec.grace == .seconds(3))
        #expect(spec.restartsMax == 1)
        #expect(spec.logFile == "/etc/ogive/serve.log")
        #expect(spec.environment == ["A": "b"])
        #expect(spec.workingDirectory == "/etc/ogive")
    }
}
