import Foundation
import Harness
import Postgres
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Weighted {}
}

extension EndToEndTests.Weighted {
    /// Rewards the length of a completion in the command's own way.
    private static let command = #"""
        import json, sys
        for line in sys.stdin:
            item = json.loads(line)
            reward = len(item["completion"]) / 10
            print(json.dumps({"id": item["id"], "reward": reward}), flush=True)
        """#

    private static func config(_ workspace: Workspace, _ place: Settings.Place) throws -> String {
        try workspace.write("length.py", command)
        let rows = (0..<3).map {
            #"{"key": "p\#($0)", "prompt": "Say \#($0)", "answer": "reward=\#($0)", "#
                + #""chosen": "7", "rejected": "seven"}"#
        }
        try workspace.write("prompts.jsonl", rows.joined(separator: "\n") + "\n")
        let plain = try Settings.synthetic(workspace, database: place, draws: 4)
        let text = try String(contentsOfFile: plain, encoding: .utf8).replacing(
            "scorer: {kind: synthetic}",
            with: """
                scorer:
                  kind: weighted
                  model: mixture
                  parts:
                    - name: length
                      weight: -0.25
                      kind: command
                      command: [python3, \(workspace.path("length.py"))]
                    - name: exact
                      kind: verifier
                      verifier: {rule: exact, field: answer}
                    - name: digits
                      weight: 2
                      kind: verifier
                      verifier: {rule: regex, field: answer, pattern: "(synthetic)"}
                """)
        return try workspace.write("weighted.yaml", text)
    }

    @Test func `Parts of a weighted run are stored and sum to the reward`() async throws {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let config = try Self.config(workspace, .url(database.url))
            try await workspace.ogive(["run", "--no-preflight", config])
            let connection = try await database.connect()
            let sums = try await connection.query(
                """
                SELECT count(*) AS items, count(*) FILTER (WHERE x.parts = 3) AS whole,
                    max(abs(x.total - coalesce(s.reward, c.reward))) AS difference
                FROM (
                    SELECT run, prompt_id, item_kind, item_index, count(*) AS parts,
                        sum(weight * reward) AS total
                    FROM ogive.reward_parts GROUP BY 1, 2, 3, 4
                ) x
                LEFT JOIN ogive.scored_completions s ON s.prompt_id = x.prompt_id
                    AND s.draw_index = x.item_index AND x.item_kind = 'draw'
                LEFT JOIN ogive.candidates c ON c.prompt_id = x.prompt_id
                    AND c.candidate_index = x.item_index AND x.item_kind = 'candidate'
                """
            ).one()
            await connection.close()
            #expect(try sums.decode("items", as: Int.self) == 3 * (4 + 2))
            #expect(try sums.decode("whole", as: Int.self) == 3 * (4 + 2))
            #expect(try sums.decode("difference", as: Double.self) < 1e-12)
            let audit = try await workspace.ogive(["audit", "--config", config])
            #expect(audit.output.contains("landed 12, with a failure 0, pending 0"))
        }
    }
}
