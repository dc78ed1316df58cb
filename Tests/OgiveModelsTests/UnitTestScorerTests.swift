import Foundation
import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

/// `deploy/scorers/unit_tests.py` behind the `command` scorer.
@Suite(.timeLimit(.minutes(10))) struct UnitTestScorerTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private struct Problem: Decodable {
        let prompt: String
        let entry_point: String
        let canonical_solution: String
        let test: String

        func request(_ completion: String) throws -> ScoreRequest {
            let metadata = try JSONEncoder().encode(["test": test, "entry_point": entry_point])
            return ScoreRequest(
                prompt: Samples.prompt(
                    .text(prompt), metadata: String(decoding: metadata, as: UTF8.self)),
                completion: completion)
        }
    }

    private static let double = Problem(
        prompt: "def double(x):\n", entry_point: "double", canonical_solution: "    return 2 * x\n",
        test: """
            def check(candidate):
                for x in range(3):
                    assert candidate(x) == 2 * x
                assert candidate(-1) == -2
                assert candidate("a") == "aa"
                assert candidate([]) == []
            """)

    /// Whether the sandbox can be had on this machine; says why not.
    private static func hasSandbox() async throws -> Bool {
        let status = try await SystemProgram.run(
            "/usr/bin/env", ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"]
        ).status
        if status != 0 { print("skipped: bubblewrap is missing, or namespaces are not permitted") }
        return status == 0
    }

    private func rewards(_ requests: [ScoreRequest]) async throws -> [Double?] {
        let command = CommandAdapter([
            "/usr/bin/python3", "-B",
            Self.root.appending(path: "deploy/scorers/unit_tests.py").path,
            "--timeout", "2", "--memory", "512", "--jobs", "2",
        ])
        var endpoint = ScorerEndpoint(command, model: "unit-tests")
        endpoint.requestTimeout = .seconds(300)
        let scorer = try CommandScorer(command, endpoint: endpoint, clock: .machine)
        return await withTaskGroup { group in
            group.addTask { await scorer.run() }
            defer { group.cancelAll() }
            return await scorer.score(requests).map { try? $0.get().reward }
        }
    }

    @Test("The reward is the share of assertions that pass", .enabled { try await hasSandbox() })
    func grades() async throws {
        let completions = [
            "    return 2 * x\n", "    return x + x if x != [] else None\n",
            "    return 2 * abs(x)\n", "    return None\n", "    retrun 2\n",
            "Here it is:\n```python\ndef double(x):\n    return 2 * x\n```\n",
        ]
        let rewards = try await rewards(completions.map(Self.double.request))
        #expect(rewards == [1, 0.75, 0.25, 0, 0, 1])
    }

    @Test(
        "Loops, fork bombs, memory hogs and kills are contained",
        .enabled { try await hasSandbox() })
    func contains() async throws {
        let completions = [
            "    while True: pass\n",
            "    import os\n    while True: os.fork()\n",
            "    x = [bytearray(1 << 26) for _ in range(1 << 20)]\n    return 2 * x\n",
            "    import os\n    os.kill(-1, 9)\n",
            "    open('/usr/owned', 'w')\n    return 2 * x\n",
            "    import urllib.request as u\n    u.urlopen('http://127.0.0.1')\n    return 2 * x\n",
            "    return 2 * x\n",
        ]
        let rewards = try await rewards(completions.map(Self.double.request))
        #expect(rewards == [0, 0, 0, 0, 0, 0, 1])
    }

    @Test(
        "Fault 57: completions attack their grader; none is rewarded, and none gets out",
        .enabled { try await hasSandbox() })
    func attacks() async throws {
        let folder = Self.root.appending(path: "Tests/Scorers").path
        let outcome = try await SystemProgram.run(
            "/bin/sh",
            ["-c", #"exec /usr/bin/python3 -B -m unittest discover -s "$0" -t "$0" 2>&1"#, folder])
        #expect(outcome.status == 0, "\(outcome.output.suffix(4_000))")
    }

    @Test(
        "A prompt without tests is a failure and not a score", .enabled { try await hasSandbox() })
    func refuses() async throws {
        let nothing = ScoreRequest(prompt: Samples.chat, completion: "x")
        let rewards = try await rewards([nothing, Self.double.request("    return 2 * x\n")])
        #expect(rewards == [nil, 1])
    }

    @Test(
        "HumanEval: the solutions have reward 1, most mutants less",
        .enabled { try await hasSandbox() })
    func humanEval() async throws {
        let file = Self.root.deletingLastPathComponent()
            .appending(path: "shared/data/humaneval.jsonl.gz")
        guard FileManager.default.fileExists(atPath: file.path) else {
            print("skipped: no ../shared/data/humaneval.jsonl.gz")
            return
        }
        let lines = try await lines(of: "gzip -dc '\(file.path)'")
        let problems = try lines.map {
            try JSONDecoder().decode(Problem.self, from: Data($0.utf8))
        }
        #expect(problems.count == 164)
        let right = try await rewards(problems.map { try $0.request($0.canonical_solution) })
        #expect(right.allSatisfy { $0 == 1 })

        let script = Self.root.appending(path: "Tests/OgiveModelsTests/mutate_solutions.py").path
        let mutants = try await self.lines(
            of: "gzip -dc '\(file.path)' | /usr/bin/python3 -B '\(script)' 3"
        ).map { try JSONDecoder().decode([Mutant].self, from: Data($0.utf8)) }
        #expect(mutants.count == problems.count)
        let named = zip(problems, mutants).flatMap { problem, all in all.map { (problem, $0) } }
        let rewards = try await rewards(
            named.map { try $0.0.request("```python\n\($0.1.code)\n```\n") })
        // An error would be none of both.
        #expect(rewards.allSatisfy { ($0 ?? -1) >= 0 })
        report(zip(named.map(\.1.kind), rewards).map { ($0, $1 == 1) }, of: mutants)
        // Some mutants do the same as the original, or what no test looks at: measured, 34 of 426.
        let survivors = rewards.count { $0 == 1 }
        #expect(rewards.count > 400 && survivors * 10 < rewards.count)
    }

    private struct Mutant: Decodable {
        let kind: String
        let code: String
    }

    /// Says how many mutants no test notices, by what was changed.
    private func report(_ mutants: [(kind: String, survives: Bool)], of problems: [[Mutant]]) {
        let kinds = Dictionary(grouping: mutants, by: \.kind).sorted { $0.key < $1.key }
            .map { kind, all in "\(kind) \(all.count(where: \.survives)) of \(all.count)" }
        print(
            "HumanEval: \(mutants.count(where: \.survives)) of \(mutants.count) mutants survive "
                + "(\(kinds.joined(separator: ", "))); \(problems.count(where: \.isEmpty)) "
                + "problems have nothing to mutate")
    }

    private func lines(of command: String) async throws -> [Substring] {
        try await SystemProgram.run("/bin/sh", ["-c", command]).output.split(separator: "\n")
    }
}
