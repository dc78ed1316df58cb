import FoundationEssentials
import OgiveCore
import OgiveModels
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10)))
struct ScorerConfigurationTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Sources/ogive/Documentation.docc/Scorers.md")

    private func read(_ text: String) throws -> ScorerConfiguration {
        let configuration = try Configuration.parse(
            text, source: "q.yaml", folder: "/etc/ogive", environment: ["SCORES_KEY": "k"])
        return try #require(configuration.scorer)
    }

    @Test func everyExampleOfThePageCanBeServed() throws {
        let parts = try String(contentsOf: Self.page, encoding: .utf8).split(separator: "```")
        let examples = parts.filter { $0.hasPrefix("yaml\n") }.map { String($0.dropFirst(5)) }
        var kinds: Set<ScorerSpec.Kind.Name> = []
        for example in examples {
            let scorer = try read(example)
            kinds.insert(scorer.spec.kind.name)
            #expect(scorer.spec.problem == nil, "\(example)")
            let endpoints = try scorer.endpoints(
                launched: nil, connections: 2, environment: ["SCORES_KEY": "k"])
            let models = try ConfiguredModels(policies: [], scorers: endpoints)
            #expect(try models.scorers(for: scorer.spec).count == 1)
        }
        #expect(
            kinds == [
                .classify, .score, .http, .judge, .weighted, .command, .verifier, .synthetic,
            ])
    }

    @Test(arguments: ScorerSpec.Kind.Name.askable)
    func everyKindIsReadAsItself(_ kind: ScorerSpec.Kind.Name) throws {
        let served = "model: m, url: 'http://h'"
        let keys =
            switch kind {
            case .verifier: "verifier: {rule: exact}"
            case .rerank, .classify, .pooling, .score: served
            case .http: "\(served), http: {path: /p, request: '{{completion}}', score: /s}"
            case .judge: "\(served), judge: {prompt: '{{completion}}', min: 0, max: 1}"
            case .weighted: "parts: [{name: a, kind: synthetic}]"
            case .command: "command: [x]"
            case .synthetic: "model: bell"
            case .adopted: ""
            }
        let scorer = try read("scorer: {kind: \(kind.rawValue), \(keys)}")
        #expect(scorer.spec.kind.name == kind)
        let endpoints = try scorer.endpoints(launched: nil, connections: 1, environment: [:])
        #expect(endpoints.map(\.kind) == [kind])
    }

    @Test func keysOfOtherKindsMeanNothing() throws {
        let keys = ScorerSpec.Kind.Name.adapters.flatMap { $0.keys }
        #expect(Set(keys.map(\.name)).count == keys.count, "a key is read by one adapter")
        try #require(keys.count > 10)
        for key in keys {
            let problem = "scorer.\(key.name) means nothing when scorer.kind is synthetic"
            #expect {
                try read("scorer: {kind: synthetic, \(key.name): x}")
            } throws: {
                "\($0)".contains(problem)
            }
        }
    }

    @Test func whatIsIdentityAndWhatIsNot() throws {
        let http = """
            scorer:
              kind: http
              model: m
              url: http://h:1
              http: {path: /p, request: '{{completion}}', score: /s, headers: {A: b}, health: /h}
            """
        let digest = { (text: String) throws -> [UInt8] in
            CanonicalJSON.encode(try self.read(text).spec)
        }
        for (old, new) in [("h:1", "h:2"), ("A: b", "A: c"), ("/h}", "/i}")] {
            #expect(try digest(http) == digest(http.replacing(old, with: new)), "\(new)")
        }
        for (old, new) in [("path: /p", "path: /q"), ("/s,", "/t,"), ("model: m", "model: n")] {
            #expect(try digest(http) != digest(http.replacing(old, with: new)), "\(new)")
        }
    }

    @Test func partsHaveTheirOwnPlaces() throws {
        let scorer = try read(
            """
            scorer:
              kind: weighted
              parts:
                - {name: a, weight: 2, kind: rerank, model: m, url: "http://h:1", server: tei}
                - {name: b, kind: command, command: [./x]}
            """)
        #expect(scorer.spec.parts.map(\.weight) == [2, 1])
        let endpoint = try scorer.endpoints(launched: nil, connections: 2, environment: [:])[0]
        let parts = try #require(endpoint.adapter as? WeightedAdapter).parts
        let model = try #require(parts["a"]?.adapter as? RewardModelAdapter)
        #expect(parts["a"]?.url == "http://h:1" && model.server == .tei)
        let command = try #require(parts["b"]?.adapter as? CommandAdapter)
        #expect(command.argv == ["/etc/ogive/./x"])
    }

    @Test(arguments: [
        ("kind: http, model: m, url: 'http://h'", "scorer.http is missing"),
        (
            "kind: http, model: m, url: 'http://h', "
                + "http: {path: p, request: '{{completion}}', score: /}",
            "must begin with a slash"
        ),
        (
            "kind: http, model: m, url: 'http://h', http: {path: /p, request: '{', score: /s}",
            "no JSON"
        ),
        ("kind: http, url: 'http://h', http: {path: /p}", "scorer.http.request is missing"),
        ("kind: judge, model: m, url: 'http://h'", "scorer.judge is missing"),
        ("kind: judge, model: m, judge: {prompt: '{{completion}}'}", "scorer.judge.min is missing"),
        (
            "kind: judge, model: m, url: 'http://h', judge: {prompt: x, min: 0, max: 1}",
            "does not hold the completion"
        ),
        (
            "kind: judge, model: m, url: 'http://h', "
                + "judge: {prompt: '{{completion}}', min: 0, max: 1, pattern: x}",
            "means nothing unless parse is regex"
        ),
        ("kind: weighted", "scorer.parts is missing"),
        ("kind: weighted, parts: []", "1 to 16 parts"),
        ("kind: weighted, parts: [{kind: synthetic}]", "parts.name is missing"),
        ("kind: weighted, parts: [{name: a, kind: synthetic, weight: 0}]", "finite and not 0"),
        ("kind: weighted, parts: [{name: a, kind: weighted}]", "must not be weighted"),
        ("kind: weighted, parts: [{name: a, kind: rerank, model: m, url: [a, b]}]", "one address"),
        (
            "kind: weighted, parts: [{name: a, kind: rerank, model: m, launch: {command: [x]}}]",
            "is not possible for a part"
        ),
        ("kind: weighted, parts: [{name: a, kind: synthetic, wieght: 1}]", "did you mean `weight`"),
        ("kind: verifier, verifier: {rule: exact}, label: x", "scorer.label means nothing"),
        ("kind: judge, model: m, url: 'http://h', server: vllm", "scorer.server means nothing"),
        (
            "kind: rerank, model: m, url: 'http://h', server: tgi",
            "scorer.server must be one of vllm, sglang, tei, llama.cpp, not `tgi`"
        ),
    ])
    func badScorerIsExplained(_ text: String, _ problem: String) {
        #expect { try read("scorer: {\(text)}") } throws: { "\($0)".contains(problem) }
    }
}
