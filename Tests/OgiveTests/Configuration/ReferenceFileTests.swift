import FoundationEssentials
import OgiveCore
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
                    "SCORER_API_KEY": "k", "VLLM_API_KEY": "k", "PGPASSWORD": "p",
                    "OPENAI_API_KEY": "k",
                ])
            #expect(try configuration.runSpec().problem == nil, "\(name)")
            _ = try configuration.requiredDatabase()
        }
    }

    @Test func referenceMentionsExactlyTheKnownKeys() throws {
        // A `#` right before a word switches a key off; with a space it begins a remark.
        let lines = try Self.text("reference.yaml").split(
            separator: "\n", omittingEmptySubsequences: false)
        let all = lines.map { line -> String in
            let rest = line.drop { $0 == " " }
            guard rest.first == "#", let second = rest.dropFirst().first, second != " " else {
                return String(line)
            }
            return String(line.prefix { $0 == " " } + rest.dropFirst())
        }
        let root = try YAMLDocument.parse(
            all.joined(separator: "\n"), source: "reference.yaml")
        let free = [
            "prompts.fields.candidates", "prompts.fields.roles", "policy.extra_body",
            "scorer.http.headers",
        ]
        let mentioned = Self.paths(of: root, under: "", except: free)
        #expect(mentioned.sorted() == Configuration.knownKeys)
    }

    @Test func referenceShowsTheDefaults() throws {
        let environment = ["SCORER_API_KEY": "k"]
        let shown = try Configuration.parse(
            Self.text("reference.yaml"), source: "r", folder: "/f", environment: environment)
        let bare = try Configuration.parse("{}", source: "r", folder: "/f", environment: [:])
        var worker = shown.worker
        worker.name = nil
        worker.connect = nil
        worker.endTime = nil
        var coordinator = shown.coordinator
        coordinator.isListenGiven = false
        coordinator.isLeaseGiven = false
        #expect(coordinator == bare.coordinator)
        #expect(worker == bare.worker)
        #expect(shown.log == bare.log)
        var neutral = SamplingParameters()
        neutral.seedBits = DrawSeed.bits
        #expect(shown.policy?.sampling == neutral)
        let minimal = try Configuration.parse(
            """
            run: {name: reference, draws: 32}
            prompts: {file: prompts.jsonl}
            policy: {model: tiny-policy, launch: {command: [a, "{port}"]}}
            scorer: {kind: rerank, model: tiny-reward, url: "http://h"}
            database: {embedded: .ogive/reference}
            """, source: "r", folder: "/f", environment: [:])
        #expect(shown.run == minimal.run)
        #expect(shown.database == minimal.database)
        #expect(shown.prompts?.set == minimal.prompts?.set)
        #expect(shown.prompts?.lineBytesMax == minimal.prompts?.lineBytesMax)
        #expect(shown.policy?.drawsPerRequest == minimal.policy?.drawsPerRequest)
        #expect(shown.policy?.endpoint.requestTimeout == minimal.policy?.endpoint.requestTimeout)
        #expect(
            shown.policy?.endpoint.launch?.startupTimeout
                == minimal.policy?.endpoint.launch?.startupTimeout)
        #expect(shown.policy?.endpoint.launch?.health == minimal.policy?.endpoint.launch?.health)
        #expect(shown.scorer?.batchSize == minimal.scorer?.batchSize)
    }

    private static func paths(
        of node: ConfigurationNode, under path: String, except free: [String]
    ) -> [String] {
        guard !free.contains(path), !path.hasSuffix(".environment") else { return [] }
        return (node.entries ?? []).flatMap { entry in
            let inner = path.isEmpty ? entry.key : "\(path).\(entry.key)"
            var nodes = [entry.node]
            if case .list(let items) = entry.node.value { nodes = Array(items.prefix(1)) }
            return [inner] + nodes.flatMap { paths(of: $0, under: inner, except: free) }
        }
    }
}
