import Foundation
import Glibc
import Harness
import Postgres
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct OutsideText {}
}

/// A server that refuses every request, with the request's key and with what moves a cursor.
private struct EchoServer {
    static let script = #"""
        import http.server, json, base64
        class Echo(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *arguments): pass
            def answer(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def do_GET(self):
                found = self.path == "/v1/models"
                self.answer(200 if found else 404, {"data": [{"id": "m"}]} if found else {})
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                key = self.headers.get("Authorization", "")
                said = "\x1b]0;owned\x07 \x1b[31mred\x1b[0m \x1b[2J \u202etxt.exe \x9b31m\rforged "
                said += key + " " + base64.b64encode(key.encode()).decode()
                self.answer(400, {"error": {"message": said}})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """#

    static func start(_ workspace: Workspace) async throws -> String {
        let file = try workspace.write("echo.py", script)
        let program = try workspace.run(["/usr/bin/python3", "-B", file])
        try await eventually("the server to listen", detail: { program.transcript }) {
            program.output.hasSuffix("\n")
        }
        return "http://127.0.0.1:\(program.output.filter(\.isNumber))"
    }
}

extension EndToEndTests.OutsideText {
    private static let key = "sk-e2e-41Za9bQ7c8D0eF/+x"

    private func configuration(
        _ workspace: Workspace, _ database: Database, url: String
    ) throws -> String {
        try workspace.write(
            "outside.yaml",
            """
            run: {name: outside, draws: 2}
            prompts: {file: \(workspace.path("prompts.jsonl")), set: outside}
            policy: {kind: openai, model: m, api: chat, url: "\(url)", api_key: "${THE_KEY}"}
            scorer: {kind: verifier, verifier: {rule: final_number, field: answer}}
            database: {url: "\(database.url)"}
            coordinator:
              listen: ipc://\(workspace.path("coordinator.sock"))
              poll_interval: 100ms
            worker:
              name: "evil\\e[31m\\e]0;owned\\a\\nerror: forged\\u202E"
              connect: ipc://\(workspace.path("coordinator.sock"))
            log: {level: debug}
            """)
    }

    /// Nothing in it does anything to a terminal, and the key is not there.
    private func expectHarmless(_ text: String, _ what: String) {
        let bad = text.unicodeScalars.filter { scalar in
            switch scalar.properties.generalCategory {
            case .control: scalar != "\n"
            case .format, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
        #expect(bad.isEmpty, "\(what): \(text.debugDescription)")
        #expect(!text.contains("\nerror: forged"), "\(what)")
        for secret in [Self.key, Data("Bearer \(Self.key)".utf8).base64EncodedString()] {
            #expect(!text.contains(secret.prefix(30)), "\(what): \(text)")
        }
    }

    @Test func `What workers and servers say is shown harmless, and without the key`()
        async throws
    {
        try await Workspace.with { workspace in
            let rows = (0..<3).map {
                #"{"key": "p\#($0)\u001b[2J\u202e\nerror: forged", "prompt": "?", "answer": "1"}"#
            }
            try workspace.write("prompts.jsonl", rows.joined(separator: "\n"))
            let database = try await Database.make()
            let url = try await EchoServer.start(workspace)
            let config = try configuration(workspace, database, url: url)
            let environment = ["THE_KEY": Self.key]
            var shown: [(String, String)] = []
            func show(_ arguments: [String], exit: Int32 = 0) async throws {
                let program = try workspace.start(arguments, environment: environment)
                #expect(try await program.status() == exit, "\(program.transcript)")
                shown.append((program.transcript, arguments.joined(separator: " ")))
            }
            try await show(["doctor", config, "--preflight-timeout", "20s"], exit: 1)
            try await show(["submit", config])
            let programs = try ["coordinator", "worker"].map {
                try workspace.start([$0, config], environment: environment)
            }
            try await eventually("all draws to fail", detail: { programs[1].transcript }) {
                try await database.value("SELECT state FROM ogive.runs") == "finished"
            }
            let option = ["--config", config]
            try await show(["status"] + option)
            try await show(["status", "--json"] + option)
            try await show(["top", "--once"] + option)
            try await show(["top", "--json"] + option)
            try await show(["failures", "list"] + option)
            try await show(["failures", "list", "--json"] + option)
            try await show(["audit"] + option)
            for program in programs {
                program.signal(SIGTERM)
                try await program.status()
                shown.append((program.transcript, "log"))
            }
            for (text, what) in shown { expectHarmless(text, what) }
            #expect(shown.contains { $0.0.contains("evil\\u001b[31m\\u001b]0;owned\\u0007") })
            #expect(shown.contains { $0.0.contains("[hidden]") })
            let stored = try await database.rows("SELECT message FROM ogive.failures")
            #expect(stored.count == 6)
            for row in stored {
                let message = try row.decode("message", as: String.self)
                #expect(message.contains("[hidden]") && !message.contains(Self.key.prefix(12)))
            }
        }
    }
}
