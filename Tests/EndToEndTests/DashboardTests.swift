import Foundation
import Harness
import OgiveCore
import Postgres
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Dashboard {}
}

/// `ogive dashboard`, of a real run in a real database.
extension EndToEndTests.Dashboard {
    /// A key and a text that would do something to a page if it let them.
    private static let hostile = #"</script><script>alert(1)</script>\u202e"#

    /// An answer of the dashboard.
    private struct Answer: Decodable {
        var status: Int
        var headers: [String: String]
        var body: String
    }

    /// Gets a page: an HTTP client that shows status and headers whatever they are. Of a stream it
    /// reads the first lines.
    private static let client = """
        import http.client, json, sys
        host, port, path, headers, lines = sys.argv[1:]
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        connection.request("GET", path, headers=json.loads(headers))
        answer = connection.getresponse()
        some = [answer.readline() for _ in range(int(lines))]
        body = b"".join(some) if some else answer.read()
        print(json.dumps({"status": answer.status, "headers": dict(answer.getheaders()),
                          "body": body.decode("utf-8")}))
        """

    private static func get(
        _ workspace: Workspace, _ port: Int, _ path: String, _ headers: [String: String] = [:],
        lines: Int = 0
    ) async throws -> Answer {
        let sent = String(decoding: try JSONEncoder().encode(headers), as: UTF8.self)
        let program = try workspace.run([
            "/usr/bin/env", "python3", "-c", client, "127.0.0.1", "\(port)", path, sent,
            "\(lines)",
        ])
        guard try await program.status() == 0 else { throw Unexpected(program.transcript) }
        return try JSONDecoder().decode(Answer.self, from: Data(program.output.utf8))
    }

    /// Starts a dashboard on a free port, and waits until it serves.
    private static func start(
        _ workspace: Workspace, _ config: String, _ more: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> (program: Program, port: Int) {
        let program = try workspace.start(
            ["dashboard", config, "-o", "dashboard.http.listen=127.0.0.1:0"] + more,
            environment: environment)
        try await eventually("the dashboard to serve", detail: { program.transcript }) {
            program.output.contains("dashboard: http://127.0.0.1:")
        }
        let digits = program.output.split(separator: ":").last?.prefix { $0.isNumber } ?? ""
        return (program, try #require(Int(digits)))
    }

    private static func makeRun(_ workspace: Workspace) async throws -> (Database, String) {
        let rows = [
            #"{"key": "p0", "prompt": "\#(Self.hostile)", "answer": "1"}"#,
            #"{"key": "\#(Self.hostile)", "prompt": "two?", "answer": "1"}"#,
        ]
        try workspace.write("prompts.jsonl", rows.joined(separator: "\n") + "\n")
        let database = try await Database.make()
        let config = try Settings.synthetic(workspace, database: .url(database.url))
        try await workspace.ogive(["run", "--no-preflight", config])
        return (database, config)
    }

    @Test func `Every page of a run is there, and all that comes from outside is text`()
        async throws
    {
        try await Workspace.with { workspace in
            let (database, config) = try await Self.makeRun(workspace)
            let prompt: Int = try await database.value(
                "SELECT id FROM ogive.prompt_rows WHERE key = 'p0'")
            _ = try await database.rows(
                "UPDATE ogive.completion_rows SET text = '<script>alert(2)</script>' || "
                    + "chr(8238) || chr(27) || repeat('x', 1000000) "
                    + "WHERE draw_index = 3 AND prompt_id = \(prompt)")
            let (dashboard, port) = try await Self.start(workspace, config)
            let pages = [
                "/": ["made", "finished", "16", "SYNTHETIC"],
                "/runs/1": [
                    "Rewards of all draws.", "Mean and spread per prompt.", "Length against",
                    "Quantiles of rewards over prompts.", "ogive failures list made",
                    "Specification of sampling", "Nothing was given up.",
                ],
                "/runs/1/prompts": ["p0", "&lt;/script&gt;&lt;script&gt;alert(1)", #"\u{202e}"#],
                "/runs/1/prompts?order=spread": ["All 2 prompts with a reward, in this order."],
                "/runs/1/prompts?only=degenerate": ["No further prompt is like that."],
                "/runs/1/prompts?order=precision&most=-1e9": ["No further prompt is like that."],
                "/runs/1/prompts?order=failures": ["No further prompt is like that."],
                "/runs/1/prompts?only=incomplete&least=-1e9": ["No further prompt"],
                "/runs/1/prompts?find=p0": ["p0"],
                "/runs/1/prompts/\(prompt)?draw=3": [
                    "Quantile reward.", "Draw 3", "&lt;script&gt;alert(2)", #"\u{1b}"#,
                    "more characters", "Prompt after",
                ],
                "/runs/1/failures": ["Nothing was given up"],
                "/fleet": ["No coordinator leads"],
                "/runs/1/prompts/\(prompt)/draws/3": ["Draw 3", "&lt;script&gt;alert(2)"],
            ]
            for (path, texts) in pages {
                let answer = try await Self.get(workspace, port, path)
                #expect(answer.status == 200, "\(path)")
                for text in texts { #expect(answer.body.contains(text), "\(path): \(text)") }
                #expect(!answer.body.contains("<script>") && !answer.body.contains("\u{202e}"))
                #expect(answer.body.utf8.count < 400_000, "\(path)")
                let policy = answer.headers["Content-Security-Policy"] ?? ""
                #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
                #expect(answer.headers["X-Content-Type-Options"] == "nosniff")
                #expect(answer.headers["Cache-Control"] == "no-store")
            }
            let whole = try await Self.get(
                workspace, port, "/runs/1/prompts/\(prompt)/draws/3/text")
            #expect(whole.body.count > 1_000_000)
            #expect(whole.headers["Content-Type"] == "text/plain; charset=utf-8")
            #expect(whole.headers["Content-Disposition"]?.hasPrefix("attachment") == true)
            for path in ["/static/dashboard.js", "/static/dashboard.css", "/static/icon.svg"] {
                #expect(try await Self.get(workspace, port, path).status == 200)
            }
            for path in [
                "/x", "/runs/2", "/runs/1/prompts/999", "/runs/1/prompts/\(prompt)/draws/99",
            ] {
                #expect(try await Self.get(workspace, port, path).status == 404, "\(path)")
            }
            let live = try await Self.get(workspace, port, "/runs/1/events", lines: 2)
            #expect(live.headers["Content-Type"] == "text/event-stream")
            #expect(live.body.hasPrefix("event: numbers\ndata: {"))
            #expect(live.body.contains(#""r1.landed":"16""#))
            // A page from elsewhere whose name leads here.
            let elsewhere = try await Self.get(workspace, port, "/", ["Host": "evil.example"])
            #expect(elsewhere.status == 421 && !elsewhere.body.contains("made"))
            dashboard.signal(SIGTERM)
            #expect(try await dashboard.status() == 0)
        }
    }

    @Test func `Two scorings of the same completions are compared, and failures shown`()
        async throws
    {
        try await Workspace.with { workspace in
            let (database, config) = try await Self.makeRun(workspace)
            // Another scoring: the rewards of the first one in the opposite order.
            _ = try await database.rows(
                """
                WITH g AS (
                    INSERT INTO ogive.scorings (sampling_id, spec_sha256, spec, created_at)
                    SELECT sampling_id, sha256('other'), spec, created_at FROM ogive.scorings
                    RETURNING id
                ), p AS (
                    INSERT INTO ogive.scoring_progress (scoring_id, rewards)
                    SELECT id, 16 FROM g RETURNING scoring_id
                ), r AS (
                    INSERT INTO ogive.runs (sampling_id, scoring_id, weight, submitted_at,
                        finished_at, draws, scores_candidates, state, name, spec)
                    SELECT sampling_id, p.scoring_id, weight, submitted_at, finished_at, draws,
                        scores_candidates, state, 'other', spec FROM ogive.runs, p RETURNING id
                )
                INSERT INTO ogive.quantile_table_rows (scoring_id, prompt_id, n, complete_to,
                    updated_at, draw_indexes, draw_rewards, rewards)
                SELECT p.scoring_id, q.prompt_id, q.n, q.n, now(), q.draw_indexes,
                    (SELECT array_agg(-x.r ORDER BY x.i)
                        FROM unnest(q.draw_rewards) WITH ORDINALITY x(r, i)),
                    (SELECT array_agg(-x.r ORDER BY -x.r) FROM unnest(q.rewards) x(r))
                FROM ogive.quantile_tables q, p
                """)
            _ = try await database.rows(
                """
                INSERT INTO ogive.failure_rows (scoring_id, prompt_id, item_index, attempts,
                    failed_at, worker, item_kind, stage, code, message)
                SELECT 1, min(prompt_id), 7, 3, now(), gen_random_uuid(), 'draw', 'scoring',
                    'timeout', '<b>no answer' FROM ogive.quantile_table_rows
                """)
            let (dashboard, port) = try await Self.start(workspace, config)
            let run = try await Self.get(workspace, port, "/runs/1")
            #expect(run.body.contains("href=\"/runs/1/compare/2\""))
            let compared = try await Self.get(workspace, port, "/runs/1/compare/2")
            #expect(compared.status == 200)
            #expect(compared.body.contains(">−1.000<"))
            #expect(compared.body.contains("Largest disagreements"))
            let failures = try await Self.get(workspace, port, "/runs/1/failures")
            #expect(failures.body.contains("&lt;b&gt;no answer"))
            #expect(
                failures.body.contains(
                    "ogive failures retry made --code timeout --stage scoring"))
            let failed = try await Self.get(workspace, port, "/runs/1/prompts?only=failed")
            #expect(failed.body.components(separatedBy: "href=\"/runs/1/prompts/").count == 2)
            dashboard.signal(SIGTERM)
            #expect(try await dashboard.status() == 0)
        }
    }

    @Test func `Two reference versions and two snapshots are compared, of a real run`()
        async throws
    {
        try await Workspace.with { workspace in
            let (database, config) = try await Self.makeRun(workspace)
            let option = ["--config", config]
            try await workspace.ogive(
                [
                    "refresh", "made", "--revision", "<b>", "--no-preflight", "-o",
                    "policy.synthetic.mean=9", "--name", "moved",
                ] + option)
            for name in ["before", "after"] {
                if name == "after" {
                    _ = try await database.rows(
                        """
                        UPDATE ogive.completion_rows SET token_ids = '{3,4}',
                            token_log_probabilities = '{-0.05,-9}' WHERE draw_index = 0
                        """)
                }
                try await workspace.ogive(["snapshot", "made", name] + option)
            }
            let (dashboard, port) = try await Self.start(workspace, config)
            let chooser = try await Self.get(workspace, port, "/runs/1/compare")
            #expect(chooser.body.contains("href=\"/runs/1/compare/2\""))
            #expect(chooser.body.contains("&lt;b&gt;") && chooser.body.contains("No other scorer"))
            let versions = try await Self.get(workspace, port, "/runs/1/compare/2")
            #expect(versions.status == 200, "\(versions.body)")
            // The mean moved by far more than the spread: no reward is below one of before.
            for text in [
                "Two reference versions", ">1.000<", "Prompts that moved farthest",
                "ogive compare made moved", "href=\"/runs/2/prompts/",
            ] {
                #expect(versions.body.contains(text), "\(text)")
            }
            // As the command says.
            let compared = try await workspace.ogive(["compare", "made", "moved"] + option)
            #expect(compared.output.contains("moved      2 of 2 prompts"), "\(compared.output)")
            #expect(versions.body.contains("of 2 prompts; at most 5 % of these by chance"))
            let back = try await Self.get(workspace, port, "/runs/2/compare/1")
            #expect(back.status == 200)

            let snapshots = try await Self.get(
                workspace, port, "/runs/1/compare?first=1&second=2")
            for text in ["Two versions of this run", ">before<", ">after<", "all of the run"] {
                #expect(snapshots.body.contains(text), "\(text)")
            }
            let digest: String = try await database.value(
                "SELECT sha256 FROM ogive.snapshots WHERE snapshot = 'before'")
            #expect(snapshots.body.contains(digest))
            let prompt: Int = try await database.value("SELECT min(id) FROM ogive.prompt_rows")
            let tokens = try await Self.get(
                workspace, port, "/runs/1/prompts/\(prompt)/draws/0")
            #expect(tokens.body.contains("<span class=\"t0\" title=\"token 0: −0.0500\">3</span>"))
            #expect(tokens.body.contains("<span class=\"t6\" title=\"token 1: −9.0000\">4</span>"))
            dashboard.signal(SIGTERM)
            #expect(try await dashboard.status() == 0)
        }
    }

    @Test func `A reader's login is enough, and a token keeps others out`() async throws {
        try await Workspace.with { workspace in
            let (database, config) = try await Self.makeRun(workspace)
            let name = "reader_\(Int.random(in: 0..<1_000_000_000))"
            _ = try await database.rows("CREATE ROLE \(name) LOGIN IN ROLE ogive_reader")
            let user = try #require(database.configuration["user"])
            let url = database.url.replacing("user=\(user)", with: "user=\(name)")
            let token = "a-token-of-more-than-16-characters"
            let (dashboard, port) = try await Self.start(
                workspace, config,
                [
                    "-o", "dashboard.http.token=${DASHBOARD_TOKEN}",
                    "-o", "database.url=\"\(url)\"",
                ], environment: ["DASHBOARD_TOKEN": token])
            let none = try await Self.get(workspace, port, "/")
            #expect(none.status == 401 && !none.body.contains("made"))
            #expect(none.headers["WWW-Authenticate"]?.hasPrefix("Basic realm=") == true)
            for path in ["/runs/1", "/static/dashboard.js", "/runs/1/events"] {
                #expect(try await Self.get(workspace, port, path).status == 401)
            }
            let basic = Data("anyone:\(token)".utf8).base64EncodedString()
            let wrong = Data("anyone:\(token)x".utf8).base64EncodedString()
            for shown in ["Bearer \(token)", "Basic \(basic)"] {
                for path in ["/", "/runs/1", "/runs/1/prompts", "/fleet", "/runs/1/failures"] {
                    let answer = try await Self.get(
                        workspace, port, path, ["Authorization": shown, "Host": "ogive.example"])
                    #expect(answer.status == 200, "\(path): \(answer.body)")
                }
            }
            for shown in ["Bearer x", "Basic \(wrong)", "Basic ***", "Basic", "Digest \(token)"] {
                let answer = try await Self.get(workspace, port, "/", ["Authorization": shown])
                #expect(answer.status == 401, "\(shown)")
            }
            dashboard.signal(SIGTERM)
            #expect(try await dashboard.status() == 0)
            _ = try await database.rows("DROP ROLE \(name)")

            let open = try await workspace.ogive(
                ["dashboard", config, "-o", "dashboard.http.listen=0.0.0.0:0"], exit: 2)
            #expect(open.errors.contains("there is no token"))
        }
    }
}
