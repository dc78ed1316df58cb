import FoundationEssentials
import OgiveCore
import OgiveModels
import Testing

@testable import ogive

/// The files under `config/` are documentation: they must say what the code does.
@Suite(.timeLimit(.minutes(10)))
struct ReferenceFileTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "config")

    private static func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    @Test func everyFileDecodes() throws {
        for name in [
            "reference", "quickstart", "gsm8k", "synthetic", "vllm", "vllm-gpu", "sglang", "ollama",
            "hosted",
        ] {
            let configuration = try Configuration.load(
                path: Self.folder.appending(path: "\(name).yaml").path(),
                environment: [
                    "VLLM_API_KEY": "k", "PGPASSWORD": "p", "OPENAI_API_KEY": "k",
                ])
            #expect(try configuration.runSpec().problem == nil, "\(name)")
            _ = try configuration.requiredDatabase()
        }
    }

    @Test(arguments: ["quickstart", "gsm8k"])
    func `A launched llama.cpp gives a draw the same text alone and among others`(
        name: String
    ) throws {
        let configuration = try Configuration.load(
            path: Self.folder.appending(path: "\(name).yaml").path(), environment: [:])
        let policy = try #require(configuration.policy)
        let launch = try #require(policy.endpoint.launch)
        #expect(policy.drawsPerRequest == 1 || launch.argv.contains("--reproducible"))
    }

    @Test func referenceIsWhatTheProgramPrints() throws {
        let shown = ConfigurationReference.text.split(
            separator: "\n", omittingEmptySubsequences: false)
        let stored = try Self.text("reference.yaml").split(
            separator: "\n", omittingEmptySubsequences: false)
        for (index, (line, other)) in zip(stored, shown).enumerated() where line != other {
            Issue.record("line \(index + 1) is \(line); the program prints \(other)")
        }
        #expect(shown.count == stored.count, "run `ogive config reference`")
    }

    @Test func referenceShowsTheDefaults() throws {
        let shown = try Configuration.parse(
            ConfigurationReference.text, source: "r", folder: "/f", environment: [:])
        let defaults = try Configuration.parse("{}", source: "r", folder: "/f", environment: [:])
        var coordinator = shown.coordinator
        coordinator.isListenGiven = false
        coordinator.isExpiryGiven = false
        #expect(coordinator == defaults.coordinator)
        #expect(shown.worker == defaults.worker)
        #expect(shown.slurm == defaults.slurm)
        #expect(shown.log == defaults.log)
        var neutral = SamplingParameters()
        neutral.seedBits = DrawSeed.bits
        #expect(shown.policy?.sampling == neutral)
        let minimal = try Configuration.parse(
            """
            run: {name: reference, draws: 32}
            prompts: {file: prompts.jsonl}
            policy: {model: tiny-policy, url: "http://127.0.0.1:8000"}
            scorer: {kind: rerank, model: tiny-reward, url: "http://127.0.0.1:8000"}
            database: {embedded: .ogive/reference}
            """, source: "r", folder: "/f", environment: [:])
        #expect(shown.run == minimal.run)
        #expect(shown.database == minimal.database)
        #expect(shown.prompts == minimal.prompts)
        #expect(shown.policy == minimal.policy)
        #expect(shown.scorer?.spec == minimal.scorer?.spec)
        #expect(shown.scorer?.endpoint == minimal.scorer?.endpoint)
        #expect(shown.scorer?.price == minimal.scorer?.price)
        #expect(shown.scorer?.batchSize == minimal.scorer?.batchSize)
    }
}
