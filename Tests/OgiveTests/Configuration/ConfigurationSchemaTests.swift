import Foundation
import Harness
import Testing

@testable import ogive

/// What `ogive config schema` prints, against the files that the program reads.
@Suite(.timeLimit(.minutes(10)))
struct ConfigurationSchemaTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "config")

    /// What is wrong with a YAML text by the schema.
    private func problems(_ text: String) throws -> [String] {
        let root = try YAMLDocument.parse(text, source: "q.yaml")
        return try JSONSchema(text: ConfigurationSchema.text).problems(Self.value(root).json)
    }

    /// Whether the program reads a YAML text.
    private func isRead(_ text: String) -> Bool {
        let configuration = try? Configuration.parse(
            text, source: "q.yaml", folder: "/f", environment: ["N": "2"])
        return configuration != nil
    }

    /// A value as an editor has it: YAML's numbers and truth values where there are no quotes.
    private static func value(_ node: ConfigurationNode) -> ExactJSON {
        switch node.value {
        case .null: return .null
        case .list(let items): return .array(items.map(value))
        case .mapping(let entries):
            var fields = JSONFields()
            for entry in entries { fields[entry.key] = value(entry.node) }
            return .object(fields)
        case .scalar(let text, isQuoted: true): return .string(text)
        case .scalar(let text, isQuoted: false):
            if text == "true" || text == "false" { return .bool(text == "true") }
            let number = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/
            return text.wholeMatch(of: number) == nil ? .string(text) : .number(text)
        }
    }

    @Test func everyFileOfTheRepositoryFits() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
            .filter { $0.hasSuffix(".yaml") }
        #expect(names.count > 8 && names.contains("quickstart.yaml"))
        for name in names {
            let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
            #expect(try problems(text) == [], "\(name)")
        }
    }

    @Test func everyExampleOfTheReferenceFits() throws {
        // A `#` right before a word switches a key off; with a space it begins a remark.
        let lines = ConfigurationReference.text.split(separator: "\n").map { line -> String in
            let rest = line.drop { $0 == " " }
            guard rest.first == "#", let second = rest.dropFirst().first, second != " " else {
                return String(line)
            }
            return String(line.prefix { $0 == " " } + rest.dropFirst())
        }
        let text = lines.joined(separator: "\n")
        #expect(try problems(text) == [])
        let root = try YAMLDocument.parse(text, source: "q.yaml")
        let shown = Self.paths(of: Self.value(root))
        #expect(Configuration.knownKeys.filter { !shown.contains($0) } == [])
    }

    private static func paths(of value: ExactJSON) -> Set<String> {
        if let elements = value.elements {
            return Set(elements.flatMap { paths(of: $0) })
        }
        let fields = value.fields?.inOrder ?? []
        return Set(
            fields.flatMap { name, value in
                [name] + paths(of: value).map { "\(name).\($0)" }
            })
    }

    @Test(arguments: [
        "{}", "log:", "log: {level: ~}",
        "worker: {processes: '${N}', prefetch: 1_000, sample_concurrency: auto(4..512)}",
        "worker: {score_concurrency: 7, drain_timeout: 0, orphan_timeout: 1h30m}",
        "worker: {connect: 'tcp://h:1'}", "worker: {connect: ['tcp://h:1', 'ipc:///s']}",
        "run: {name: 7, draws: 5, candidates: [], weight: 0.5}",
        "run: {name: r, draws: 5, candidates: score}",
        "run: {name: r, allocation: {mean: 200, min: 150, max: 300}}",
        "run: {name: r, draws: 5, budget: {cost: 2.5, tokens: 1000}}",
        "prompts: {set: s, line_bytes_max: 2048, limit: 0, fields: {prompt: [a, b]}}",
        "policy: {model: m, url: ['http://a', 'http://b'], price_per_million_tokens: 0.6}",
        "policy: {model: m, url: 'http://a', price_per_million_tokens: {input: 1}}",
        "policy: {model: m, url: 'http://a', sampling: {stop: x}, extra_body: {a: [1]}}",
        "policy: {model: m, endpoints: [{url: 'http://a', api_key: '${N}', concurrency: 3}]}",
        "policy: {kind: synthetic, synthetic: {distribution: discrete, values: [0, 0.5]}}",
        """
        scorer:
          kind: weighted
          parts:
            - {name: a, kind: verifier, verifier: {rule: exact}}
            - {name: b, weight: -1, kind: rerank, model: m, url: "http://h", batch_size: 4}
        """,
    ])
    func whatIsReadFits(_ text: String) throws {
        #expect(isRead(text))
        #expect(try problems(text) == [])
    }

    @Test(arguments: [
        "wroker: {}", "log: {levle: info}", "log: {level: loud}", "log: 5", "log: []",
        "worker: {processes: 0}", "worker: {processes: 257}", "worker: {processes: many}",
        "worker: {processes: 1.5}", "worker: {processes: '8'}", "worker: {processes: [1]}",
        "worker: {drain_timeout: 5}", "worker: {drain_timeout: 5 s}",
        "worker: {sample_concurrency: 0}", "worker: {sample_concurrency: lots}",
        "run: {draws: 1}", "run: {name: r, draws: 1, weight: 0}",
        "run: {name: r, draws: 1, candidates: [score, rank]}",
        "run: {name: r, draws: 1, candidates: [score, score]}",
        "run: {name: r, draws: 1, candidates_first: 1}",
        "run: {name: r, allocation: {}}", "run: {name: r, precision: {target_stderr: 0.5}}",
        "policy: {model: m, url: 'http://a', api_key: sk-123}",
        "policy: {model: m, url: 'http://a', sampling: {top_p: 0}}",
        "policy: {model: m, url: 'http://a', sampling: {top_p: 1.1}}",
        "policy: {model: m, url: 'http://a', price_per_million_tokens: -1}",
        "policy: {model: m, url: 'http://a', extra_body: 5}",
        "policy: {model: m, endpoints: ['http://a']}", "policy: {model: m, launch: {}}",
        "prompts: {set: s, line_bytes_max: 8MB}", "prompts: {set: s, line_bytes_max: 12}",
        "scorer: {}", "scorer: {kind: rerankk}",
        "scorer: {kind: weighted, parts: [{name: a, kind: synthetic, weight: 0}]}",
        "scorer: {kind: weighted, parts: [{name: a, kind: synthetic, parts: []}]}",
    ])
    func whatIsRefusedDoesNotFit(_ text: String) throws {
        #expect(!isRead(text))
        #expect(try !problems(text).isEmpty)
    }

    @Test func everyKeyHasASentenceAndAValue() {
        func check(_ keys: [KeyDeclaration], _ path: String) {
            for key in keys {
                #expect(!key.about.isEmpty, "\(path)\(key.name)")
                if key.keys.isEmpty {
                    #expect(key.standard != nil || !key.example.isEmpty, "\(path)\(key.name)")
                }
                check(key.keys, "\(path)\(key.name).")
            }
        }
        check(Configuration.keys, "")
        #expect(Configuration.knownKeys.count > 150)
    }
}
