import Foundation
import Harness
import Testing

/// What `ogive doctor --json` says.
enum DoctorFindings {
    /// Code and severity of each finding of `ogive doctor --json`.
    static func read(_ program: Program) throws -> [String: Set<String>] {
        let object = try JSONSerialization.jsonObject(with: Data(program.output.utf8))
        let list = try #require(
            (object as? [String: Any])?["findings"] as? [[String: Any]])
        var findings: [String: Set<String>] = [:]
        for finding in list {
            let code = try #require(finding["code"] as? String)
            let severity = try #require(finding["severity"] as? String)
            #expect(finding["place"] is String && finding["message"] is String)
            findings[code, default: []].insert(severity)
        }
        return findings
    }
}

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Doctor {}
}

extension EndToEndTests.Doctor {
    /// A run on the scripted models, of three prompts.
    private static func configuration(
        _ workspace: Workspace, _ models: ScriptedModels, database: Database
    ) throws -> String {
        try Settings.writePrompts(workspace, 3)
        let url = models.url(client: "doctor")
        return try workspace.write(
            "doctor.yaml",
            """
            run: {name: made, draws: 4}
            prompts: {file: \(workspace.path("prompts.jsonl")), set: prompts}
            policy: {kind: openai, model: scripted, api: chat, url: "\(url)"}
            scorer:
              {kind: classify, model: scripted, url: "\(url)", template: "{query}|{document}"}
            database: {url: "\(database.url)"}
            coordinator: {listen: "ipc://\(workspace.path("coordinator.sock"))"}
            """)
    }

    @Test func `A sound configuration gets no warning, and nothing is stored`() async throws {
        try await Workspace.with { workspace in
            let models = try await ScriptedModels(workspace)
            let database = try await Database.make()
            let config = try Self.configuration(workspace, models, database: database)
            let program = try await workspace.ogive(["doctor", config, "--json"])
            let findings = try DoctorFindings.read(program)
            let bad = findings.filter { !$0.value.isDisjoint(with: ["warning", "error"]) }
            #expect(bad == [:], "\(program.output)")
            for code in [
                "prompts", "policy.answers", "policy.seeds", "policy.choices", "policy.context",
                "policy.temperature", "scorer.raw", "scorer.batches", "scorer.truncation",
                "throughput", "database", "coordinator",
            ] {
                #expect(findings[code]?.contains("ok") == true, "\(code)")
            }
            let runs: Int = try await database.value("SELECT count(*)::int FROM ogive.runs")
            #expect(runs == 0)
            let text = try await workspace.ogive(["doctor", config])
            #expect(text.output.contains("ok       policy.seeds"))
            #expect(!text.output.contains("\u{1b}["))
            try await models.kill()
        }
    }

    @Test func `A file that differs from the stored set is told, with the first key`()
        async throws
    {
        try await Workspace.with { workspace in
            let models = try await ScriptedModels(workspace)
            let database = try await Database.make()
            let config = try Self.configuration(workspace, models, database: database)
            func write(_ rows: [(key: String, prompt: String)]) throws {
                let lines = rows.map { #"{"key": "\#($0.key)", "prompt": "\#($0.prompt)"}"# + "\n" }
                try workspace.write("prompts.jsonl", lines.joined())
            }
            try await workspace.ogive([
                "import", workspace.path("prompts.jsonl"), "--set", "prompts", "--config", config,
            ])
            let same = try await workspace.ogive(["doctor", config])
            #expect(same.output.contains("the stored set has the file's 3 prompts"))
            // The first row is gone, and there is another one.
            try write([("p1", "Question 1?"), ("p2", "Question 2?"), ("new", "A new one?")])
            let doctor = try await workspace.ogive(["doctor", config, "--json"])
            #expect(try DoctorFindings.read(doctor)["prompts"] == ["ok", "warning", "note"])
            #expect(
                doctor.output.contains("1 prompt that the file does not have, first key 'p0'"))
            #expect(doctor.output.contains("first key 'new': an import adds them"))
            let stored: Int = try await database.value(
                "SELECT count(*)::int FROM ogive.prompt_rows")
            #expect(stored == 3)
            // Another prompt under a key that is there.
            try write([("p0", "Question 0?"), ("p1", "Another?"), ("p2", "Question 2?")])
            let refused = try await workspace.ogive(["doctor", config, "--json"], exit: 1)
            #expect(try DoctorFindings.read(refused)["prompts"] == ["ok", "error"])
            #expect(refused.output.contains("first key 'p1': an import refuses the file"))
            try await models.kill()
        }
    }

    @Test func `One seed for all stops a run before the first draw, unless it is told to go on`()
        async throws
    {
        try await Workspace.with { workspace in
            let models = try await ScriptedModels(workspace)
            try models.change { $0.policy = [ScriptedModels.Fault("one_seed")] }
            let database = try await Database.make()
            let config = try Self.configuration(workspace, models, database: database)
            let doctor = try await workspace.ogive(["doctor", config, "--json"], exit: 1)
            #expect(try DoctorFindings.read(doctor)["policy.seeds"] == ["error"])
            let run = try await workspace.ogive(["run", config], exit: 1)
            #expect(run.errors.contains("one seed for all"))
            #expect(run.errors.contains("--no-preflight"))
            #expect(try await database.landed() == 0)
            try await workspace.ogive(["run", config, "--no-preflight"])
            #expect(try await database.landed() == 12)
            // A run that has rewards is not looked at again.
            try models.change { $0.policy = [ScriptedModels.Fault("one_seed")] }
            let more = try await workspace.ogive(["run", config, "-o", "run.draws=5"])
            #expect(!more.errors.contains("preflight"))
            try await models.kill()
        }
    }

    @Test func `A model server that is not there gives the exit codes of a run`() async throws {
        try await Workspace.with { workspace in
            let models = try await ScriptedModels(workspace)
            let database = try await Database.make()
            let config = try Self.configuration(workspace, models, database: database)
            let dead = ["-o", "policy.url=http://127.0.0.1:1"]
            let wrong = ["-o", "policy.model=nope"]
            for (options, code) in [(dead, Int32(3)), (wrong, 2)] {
                let doctor = try await workspace.ogive(
                    ["doctor", config, "--json"] + options, exit: code)
                #expect(try DoctorFindings.read(doctor)["policy.answers"] == ["error"])
                try await workspace.ogive(["run", config] + options, exit: code)
            }
            let away = ["-o", "database.url=postgresql://ogive@127.0.0.1:1/ogive"]
            for options in [away, away + dead] {
                let doctor = try await workspace.ogive(
                    ["doctor", config, "--json"] + options, exit: 3)
                #expect(try DoctorFindings.read(doctor)["database"] == ["error"])
            }
            let launched = "policy.launch={command: [/bin/sh, '-c', 'exit 7 # {port}']}"
            let unlaunched = try await workspace.ogive(
                ["doctor", config, "--json", "-o", "policy.url=null", "-o", launched], exit: 3)
            #expect(try DoctorFindings.read(unlaunched)["database"] == ["ok"])
            #expect(unlaunched.errors.contains("error: "), "\(unlaunched.errors)")
            try await models.kill()
        }
    }

    @Test func `A field that no prompt has is found without the model's server`() async throws {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let config = try Settings.gsm8k(
                workspace, database: .url(database.url), server: "url: http://127.0.0.1:1")
            func write(_ fields: [String]) throws {
                let rows = fields.map { #"{"prompt": "\#($0)?", "\#($0)": "1"}"# + "\n" }
                try workspace.write("prompts.jsonl", rows.joined())
            }
            try write(["solution", "level"])
            // There is something to change first.
            let none = try await workspace.ogive(["doctor", config, "--json"], exit: 1)
            #expect(try DoctorFindings.read(none)["scorer.prompts"] == ["error"])
            #expect(
                none.output.contains("`answer`, and none of the 2 prompts"), "\(none.output)")
            #expect(none.output.contains("fields are level, solution"), "\(none.output)")
            try write(["answer", "level"])
            let some = try await workspace.ogive(["doctor", config, "--json"], exit: 3)
            #expect(try DoctorFindings.read(some)["scorer.prompts"] == ["warning"])
            #expect(some.output.contains("1 of 2 prompts have no field `answer`"))
            try write(["answer"])
            let all = try await workspace.ogive(["doctor", config, "--json"], exit: 3)
            #expect(try DoctorFindings.read(all)["scorer.prompts"] == nil, "\(all.output)")
        }
    }

    @Test func `Candidates that the synthetic scorer cannot score are a warning`() async throws {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let config = try Settings.synthetic(workspace, database: .url(database.url))
            try workspace.write(
                "prompts.jsonl", #"{"prompt": "a?", "chosen": "b", "rejected": "c"}"# + "\n")
            let doctor = try await workspace.ogive(["doctor", config, "--json"])
            #expect(try DoctorFindings.read(doctor)["scorer.prompts"] == ["warning"])
            #expect(doctor.output.contains("the prompts have 2 candidates"), "\(doctor.output)")
            let none = try await workspace.ogive([
                "doctor", config, "--json", "-o", "run.candidates=[]",
            ])
            #expect(try DoctorFindings.read(none)["scorer.prompts"] == nil)
        }
    }

    @Test func `Squashed rewards are a warning, and the run goes on`() async throws {
        try await Workspace.with { workspace in
            let models = try await ScriptedModels(workspace)
            try models.change { $0.scorer = [ScriptedModels.Fault("squash")] }
            let database = try await Database.make()
            let config = try Self.configuration(workspace, models, database: database)
            // Otherwise the scorer itself refuses to give such numbers.
            let run = try await workspace.ogive([
                "run", config, "-o", "scorer.check_activation=false",
            ])
            #expect(run.errors.contains("warning  scorer.raw"))
            #expect(run.errors.contains("preflight: "))
            #expect(try await database.landed() == 12)
            try await models.kill()
        }
    }

    @Test func `A launched server that dies while it is looked at is waited for`() async throws {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 3)
            let database = try await Database.make()
            let scorer = try await ScriptedModels(workspace)
            // In the middle of the checks.
            let control = try workspace.write(
                "control.json", #"{"policy": [{"id": 1, "fault": "die", "every": 20}]}"#)
            let argv = [
                "/usr/bin/python3", "-B",
                Checkout.root + "/Tests/Support/Harness/scripted_models.py", "--port", "{port}",
                "--control", control, "--log", workspace.path("server.log"),
            ].map { "\"\($0)\"" }
            let config = try workspace.write(
                "launched.yaml",
                """
                run: {name: made, draws: 4}
                prompts: {file: \(workspace.path("prompts.jsonl")), set: prompts}
                policy:
                  {kind: openai, model: scripted, api: chat, server: vllm,
                   launch: {command: [\(argv.joined(separator: ", "))], restarts_max: 2}}
                scorer:
                  {kind: classify, model: scripted, url: "\(scorer.url(client: "scorer"))",
                   template: "{query}|{document}"}
                database: {url: "\(database.url)"}
                coordinator: {listen: "ipc://\(workspace.path("coordinator.sock"))"}
                """)
            let run = try await workspace.ogive(["run", config])
            #expect(run.errors.contains("was lost once and came back"), "\(run.transcript)")
            #expect(!run.errors.contains("could not be checked"), "\(run.transcript)")
            #expect(try await database.landed() == 12)
            try FileManager.default.removeItem(atPath: control + ".died")
            // One that is not started again ends everything, before the run is submitted.
            let other = try await workspace.ogive(
                [
                    "run", config, "-o", "run.name=other", "-o", "policy.launch.restarts_max=0",
                    "-o", "policy.sampling.seed=5",
                ], exit: 3)
            #expect(other.errors.contains("status 9"), "\(other.transcript)")
            let runs: Int = try await database.value("SELECT count(*)::int FROM ogive.runs")
            #expect(runs == 1)
            try await scorer.kill()
            try await workspace.expectNothingRuns()
        }
    }

    @Test func `Rows that a run refuses are an error, whether a set is stored or not`()
        async throws
    {
        try await Workspace.with { workspace in
            let folder = workspace.path("database")
            let config = try Settings.synthetic(workspace, database: .embedded(folder))
            let good = #"{"key": "a", "prompt": "Question?"}"#
            let bad = #"{"key": "b", "prompt": 7}"#
            func doctor(_ rows: [String], exit: Int32, _ options: [String] = []) async throws
                -> Program
            {
                try workspace.write("prompts.jsonl", rows.joined(separator: "\n") + "\n")
                return try await workspace.ogive(
                    ["doctor", config, "--json"] + options, exit: exit)
            }
            let skips = ["-o", "prompts.skip_bad_rows=true"]
            let one = try await doctor([good, bad], exit: 1)
            #expect(try DoctorFindings.read(one)["prompts"] == ["ok", "error"])
            #expect(one.output.contains("1 row cannot be read"), "\(one.output)")
            #expect(one.output.contains("prompts.jsonl:2"), "\(one.output)")
            let skipped = try await doctor([good, bad], exit: 0, skips)
            #expect(try DoctorFindings.read(skipped)["prompts"] == ["ok", "note"])
            // Nothing is left of such a file, whoever leaves rows out.
            for options in [[], skips] {
                let all = try await doctor([bad, bad], exit: 1, options)
                #expect(try DoctorFindings.read(all)["prompts"] == ["error"])
                #expect(all.output.contains("no other one can"), "\(all.output)")
            }
            // With a stored set both the file and the comparison meet the row; it is told once.
            _ = try await doctor([good], exit: 0)
            try await workspace.ogive([
                "import", workspace.path("prompts.jsonl"), "--set", "prompts", "--config", config,
            ])
            let stored = try await doctor([good, bad], exit: 1)
            #expect(stored.output.components(separatedBy: "cannot be read").count == 2)
        }
    }

    @Test(arguments: ["quickstart", "gsm8k"])
    func `A configuration that runs without a change has nothing to warn of`(name: String)
        async throws
    {
        guard Checkout.python() != nil, let rows = Checkout.gsm8k(30) else { return }
        try await Workspace.with { workspace in
            var options = ["-o", "database.embedded=\(workspace.path("database"))"]
            if name == "gsm8k" {
                let file = try workspace.write(
                    "prompts.jsonl", rows.joined(separator: "\n") + "\n")
                options += ["-o", "prompts.file=\(file)"]
            }
            let program = try await workspace.ogive(
                ["doctor", Checkout.root + "/config/\(name).yaml", "--json"] + options)
            let findings = try DoctorFindings.read(program)
            // How fast it is depends on what else goes on.
            let bad = findings.filter {
                $0.key != "throughput" && !$0.value.isDisjoint(with: ["warning", "error"])
            }
            #expect(bad == [:], "\(program.output)")
            #expect(findings["disk_space"] == ["ok"])
            // On a slow machine the longer prompts of gsm8k need more than a check's time.
            if name == "quickstart" {
                #expect(findings["policy.bos"] == ["ok"])
                #expect(findings["policy.choices"] == ["ok"])
            }
            try await workspace.expectNothingRuns()
        }
    }

    @Test func `A run stops at its budget with whole prompts, and goes on with a larger one`()
        async throws
    {
        try await Workspace.with { workspace in
            try Settings.writePrompts(workspace, 2_000)
            let database = try await Database.make()
            let config = try Settings.synthetic(
                workspace, database: .url(database.url), latency: "5ms")
            let budget = [
                "-o", "run.budget.tokens=20000", "-o", "policy.price_per_million_tokens=2",
            ]
            let first = try await workspace.ogive(["run", config] + budget, exit: 4)
            #expect(first.errors.contains("raise `run.budget`"))
            #expect(first.output.contains("of 20 000; cost"))
            let landed = try await database.landed()
            #expect(landed > 0 && landed < 16_000)
            let partial: Int = try await database.value(
                "SELECT count(*)::int FROM ogive.quantile_tables WHERE n <> 8")
            #expect(partial == 0)
            let audit = try await workspace.ogive(["audit", "--config", config])
            #expect(audit.output.contains("each prompt has all of its draws or none"))
            let again = try await workspace.ogive(["run", config, "--json"] + budget, exit: 4)
            #expect(again.output.contains(#""state":"budget""#))
            let status = try await workspace.ogive(["status", "--config", config])
            #expect(status.output.contains("the budget is spent"))
            try await workspace.ogive(["run", config, "-o", "run.budget.tokens=10000000"])
            #expect(try await database.landed() == 16_000)
            let sound = try await workspace.ogive(["audit", "--config", config])
            #expect(sound.output.contains("sound: each draw is there exactly once"))
        }
    }
}

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(30))) struct VLLMDoctor {}
}

extension EndToEndTests.VLLMDoctor {
    @Test func `A real vLLM as policy and reward model has nothing to warn of`() async throws {
        guard let policy = try await VLLMServer.policy.url(),
            let reward = try await VLLMServer.reward.url()
        else { return }
        try await Workspace.with { workspace in
            try workspace.write(
                "prompts.jsonl",
                try String(
                    contentsOfFile: Checkout.root + "/config/quickstart/prompts.jsonl",
                    encoding: .utf8))
            let config = try workspace.write(
                "vllm.yaml",
                """
                run: {name: made, draws: 4}
                prompts: {file: \(workspace.path("prompts.jsonl")), set: prompts}
                policy:
                  {kind: openai, model: tiny-policy, api: chat, url: "\(policy)",
                   sampling: {max_tokens: 64}}
                scorer: {kind: classify, model: tiny-reward, url: "\(reward)"}
                """)
            let program = try await workspace.ogive(["doctor", config, "--json"])
            let findings = try DoctorFindings.read(program)
            let bad = findings.filter {
                $0.key != "throughput" && !$0.value.isDisjoint(with: ["warning", "error"])
            }
            #expect(bad == [:], "\(program.output)")
            for code in [
                "policy.bos", "policy.choices", "policy.seeds", "policy.context", "scorer.bos",
                "scorer.raw", "scorer.batches", "scorer.context", "templates",
            ] {
                #expect(findings[code] == ["ok"], "\(code)\n\(program.output)")
            }
            let template = "<|bos|><|bos|><|user|>{query}<|end|><|assistant|>{document}<|end|>"
            // A template of ours with a BOS too many is found by the server's own tokens.
            let doubled = try await workspace.ogive(
                ["doctor", config, "--json", "-o", "scorer.template='\(template)'"], exit: 1)
            #expect(try DoctorFindings.read(doubled)["scorer.bos"] == ["error"])
        }
    }
}
