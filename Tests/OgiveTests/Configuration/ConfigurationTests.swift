import Foundation
import OgiveCore
import OgiveModels
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10)))
struct ConfigurationTests {
    private static let valid = """
        run:
          name: r
          draws: 8
        prompts:
          set: s
        policy:
          model: m
          url: http://127.0.0.1:1
        scorer:
          kind: verifier
          verifier: {rule: final_number}
        database:
          embedded: data
        """

    private func read(
        _ text: String, _ overrides: [String] = [], _ environment: [String: String] = [:]
    ) throws(CommandError) -> Configuration {
        try Configuration.parse(
            text, source: "q.yaml", folder: "/etc/ogive", overrides: overrides,
            environment: environment)
    }

    /// The message of the error that reading must end with.
    private func message(
        _ text: String, _ overrides: [String] = [], _ environment: [String: String] = [:]
    ) -> String {
        do throws(CommandError) {
            _ = try read(text, overrides, environment)
            return "no error"
        } catch {
            #expect(error.code == .configuration)
            return error.message
        }
    }

    @Test func readsWhatAndWhere() throws {
        let configuration = try read(Self.valid)
        let spec = try configuration.runSpec()
        #expect(spec.name == "r")
        #expect(spec.draws == 8)
        #expect(spec.scoring.sampling.promptSet == "s")
        #expect(spec.scoring.sampling.policy.api == nil)
        #expect(spec.scoring.scorer.kind == .verifier(VerifierSpec(rule: .finalNumber)))
        #expect(configuration.policy?.endpoint.addresses.map(\.url) == ["http://127.0.0.1:1"])
        #expect(configuration.database?.location == .embedded("/etc/ogive/data"))
    }

    @Test func misspeltKeyIsNamedWithItsPlaceAndTheNearestKey() {
        let text = Self.valid.replacing(
            "  url: http", with: "  sampling:\n    temprature: 1\n  url: http")
        #expect(
            message(text) == "unknown key `temprature` in policy.sampling (q.yaml:9); "
                + "did you mean `temperature`?")
    }

    @Test func unknownSectionIsNamedWithTheNearest() {
        #expect(
            message("polcy: {}") == "unknown key `polcy` in the file (q.yaml:1); "
                + "did you mean `policy`?")
    }

    @Test func keyFarFromAllIsAnsweredWithTheKnownOnes() {
        #expect(
            message("log:\n  zzzzzzz: 1")
                == "unknown key `zzzzzzz` in log (q.yaml:2); known here: format, level")
    }

    @Test func allProblemsAreReportedTogetherInOrder() {
        let lines = message(
            """
            log:
              level: loud
              fromat: text
            worker:
              processes: 0
              drain_timeout: 5
            """
        ).split(separator: "\n").map(String.init)
        #expect(lines.count == 4)
        #expect(
            lines[0] == "unknown key `fromat` in log (q.yaml:3); did you mean `format`?")
        #expect(lines[1].hasPrefix("log.level must be one of trace, debug"))
        #expect(lines[1].contains("not `loud` (q.yaml:2)"))
        #expect(lines[2] == "worker.processes must be in 1…256, not 0 (q.yaml:5)")
        #expect(lines[3].hasPrefix("worker.drain_timeout must be a duration, not `5` (q.yaml:6)"))
    }

    @Test(arguments: [
        ("run: {name: r, drows: 8}", "unknown key `drows` in run (q.yaml:1)", "draws"),
        ("run: {name: r, precison: {}}", "unknown key `precison` in run (q.yaml:1)", "precision"),
        ("run: {nam: r, draws: 1}", "unknown key `nam` in run (q.yaml:1)", "name"),
        (
            "policy: {kind: synthetic, draws: 8}\nrun: {name: r}",
            "unknown key `draws` in policy (q.yaml:1)", "run.draws"
        ),
        (
            "policy: {modle: m, url: 'http://h'}", "unknown key `modle` in policy (q.yaml:1)",
            "model"
        ),
        ("policy: {model: m, ulr: 'http://h'}", "unknown key `ulr` in policy (q.yaml:1)", "url"),
        ("database: {embeded: d}", "unknown key `embeded` in database (q.yaml:1)", "embedded"),
        (
            "scorer: {kind: verifier, verifier: {rul: exact}}",
            "unknown key `rul` in scorer.verifier (q.yaml:1)", "rule"
        ),
    ])
    func aKeyThatAMisspeltOneMeansIsNotMissing(text: String, unknown: String, meant: String) {
        #expect(message(text) == "\(unknown); did you mean `\(meant)`?")
    }

    @Test func unknownKeysComeBeforeWhatIsMissing() {
        let lines = message(
            "run: {weight: 2}\npolicy:\n  zzzzzzz: 1\n  model: m\n  url: 'http://h'"
        )
        .split(separator: "\n").map(String.init)
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("unknown key `zzzzzzz` in policy (q.yaml:3); known here: "))
        #expect(lines[1] == "run.name is missing (q.yaml:1)")
        #expect(lines[2].hasPrefix("run.draws is missing (q.yaml:1); "))
    }

    @Test(arguments: [
        ("run:\n\tname: r", 2), ("run:\n  name: r\n\tdraws: 3", 3),
        ("run:\n  name: r\n  \tdraws: 3", 3), ("run:\n- a\n\t- b", 3),
    ])
    func aTabThatIndentsIsNamedWithItsLine(text: String, line: Int) {
        #expect(
            message(text) == "not valid YAML: a tab indents this line, and YAML wants spaces "
                + "(q.yaml:\(line)); put spaces in place of each tab")
    }

    @Test(arguments: [
        ("run: {draws: 1}", "run.name is missing (q.yaml:1)"),
        ("run: {name: r}", "run.draws is missing (q.yaml:1)"),
        ("run: 5", "run must be a mapping, not `5` (q.yaml:1)"),
        ("run: {name: [r], draws: 1}", "run.name must be a single value, not a list (q.yaml:1)"),
        ("run: {name: r, draws: many}", "run.draws must be a whole number in"),
        ("run: {name: r, draws: \"8\"}", "run.draws must be a whole number, not a text (q.yaml:1)"),
        ("run: {name: r, draws: 1.5}", "run.draws must be a whole number in"),
        ("run: {name: r, draws: 9999999999999999999}", "run.draws must be a whole number in"),
        ("run: {name: r, draws: 1, weight: .inf}", "run.weight must be in 1e-6...1e6"),
        ("run: {name: r, draws: 1, weight: nan}", "run.weight must be in 1e-6...1e6"),
        ("run: {name: r, draws: 1, candidates_first: yep}", "must be true or false, not `yep`"),
        (
            "run: {name: r, draws: 1, candidates: [score, rank]}",
            "must name each of score, logprobs at most once, not `rank`"
        ),
        ("run: {name: r, draws: 1, candidates: [score, score]}", "at most once, not `score`"),
        ("policy: {logprobs: all}", "must be one of none, sum, tokens, not `all`"),
        ("policy: {server: vlm}", "did you mean `vllm`?"),
        (
            "policy: {server: tei}",
            "one of auto, vllm, sglang, llama.cpp, tgi, ollama, openai, other, not `tei`"
        ),
        ("policy: {extra_body: 5}", "policy.extra_body must be a mapping"),
        (
            "policy: {model: m, url: 'http://h', extra_body: {top_k: 5}}",
            "policy.extra_body must not hold `top_k`, which Ogive sets itself"
        ),
        ("policy: {kind: synthetic, extra_body: {a: 1}}", "extra_body means nothing when"),
        ("policy: {kind: synthetic, ca_file: a}", "ca_file means nothing when"),
        ("prompts: {set: ''}", "prompts.set must not be empty"),
        ("prompts: {set: s, line_bytes_max: 8MB}", "must be a number of bytes, not `8MB`"),
        ("prompts: {set: s, fields: {}}", "must give either `prompt` or `messages` (q.yaml:1)"),
        ("policy: {url: 'http://h'}", "policy.model is missing"),
        ("policy: {model: m}", "policy says nowhere where it is served (q.yaml:1)"),
        ("policy: {model: m, url: 'ftp://h'}", "must begin with http:// or https://"),
        (
            "policy: {model: m, url: 'http://h', launch: {command: [a, '{port}']}}",
            "policy.url and policy.launch contradict each other (q.yaml:1)"
        ),
        ("policy: {model: m, launch: {command: [a]}}", "must contain `{port}`"),
        ("policy: {model: m, launch: {}}", "policy.launch.command is missing"),
        ("policy: {kind: synthetic, url: 'http://h'}", "policy.url means nothing when"),
        ("policy: {kind: synthetic, synthetic: {scale: 0}}", "must be more than 0, not `0`"),
        ("policy: {kind: synthetic, synthetic: {distribution: discrete}}", "values is missing"),
        (
            "policy: {model: m, url: 'http://h', sampling: {stop: [a, {b: c}]}}",
            "must hold texts only, not a mapping (q.yaml:1)"
        ),
        ("policy: {kind: opanai}", "did you mean `openai`?"),
        ("scorer: {}", "scorer.kind is missing"),
        ("scorer: {kind: verifier}", "scorer.verifier is missing"),
        ("scorer: {kind: verifier, verifier: {}}", "scorer.verifier.rule is missing"),
        (
            "scorer: {kind: verifier, verifier: {rule: regex, pattern: '('}}",
            "scorer.verifier.pattern `(` is no regular expression"
        ),
        ("scorer: {kind: rerank, url: 'http://h'}", "scorer.model is missing"),
        ("scorer: {kind: command}", "scorer.command is missing"),
        ("scorer: {kind: synthetic, command: [a]}", "scorer.command means nothing when"),
        ("database: {}", "database says nowhere where it is (q.yaml:1)"),
        (
            "database: {embedded: d, url: 'postgresql://h/d'}",
            "database.embedded and database.url contradict each other"
        ),
        ("database: {url: 'mysql://h/d'}", "must begin with postgresql://"),
        ("database: {url: 'postgresql://u:pw@h/d'}", "must not hold a password"),
        ("coordinator: {listen: 'http://h'}", "must be tcp://HOST:PORT or ipc://PATH"),
        ("coordinator: {listen: 'file:a'}", "must be tcp://HOST:PORT or ipc://PATH, not"),
        ("worker: {connect: 'file:'}", "must be tcp://HOST:PORT, ipc://PATH or file:PATH"),
        ("worker: {idle_timeout: 1ms}", "worker.idle_timeout must be in 100ms"),
        ("worker: {key: k, connect: 'tcp://h:1'}", "needs worker.coordinator_key"),
        ("coordinator: {silence_max: 5s}", "must be at least three times heartbeat_interval"),
        ("[1, 2]", "the file must be a mapping, not a list (q.yaml:1)"),
        ("log: {level: info", "not valid YAML:"),
        ("log:\n  level: info: b\t", "(q.yaml:2, column 14)"),
        ("log: {}\nrun: {name: r, draws: 1}\nlog: {}", "the key `log` is given twice"),
    ])
    func badInputIsExplained(text: String, expected: String) {
        #expect(message(text).contains(expected), "\(message(text))")
    }

    @Test func `A file with the coordinator's address holds its key, too`() throws {
        let worker = try read(
            "worker: {key: w.key, connect: ['file:address', 'file:/run/a']}"
        ).worker
        #expect(worker.connect == ["file:/etc/ogive/address", "file:/run/a"])
        #expect(worker.coordinatorKeys.isEmpty)
    }

    @Test func `A worker without an idle time stays`() throws {
        let standard = try read("worker: {}").worker
        #expect(try read("worker: {idle_timeout: null}").worker == standard)
        #expect(try read("worker: {idle_timeout: 1m}").worker != standard)
    }

    @Test func expandsVariables() throws {
        let text = """
            run: {name: "a-${NAME}-$$5-$x", draws: "${N}"}
            """
        let run = try read(text, [], ["NAME": "b", "N": "7"]).run
        #expect(run?.name == "a-b-$5-$x")
        #expect(run?.draws == 7)
    }

    @Test func missingVariableIsNamedWithItsPlace() {
        #expect(
            message("log: {}\nrun:\n  draws: 1\n  name: ${NOPE}")
                == "run.name: the environment variable NOPE is not set (q.yaml:4); "
                + "set it, or write the value in its place")
    }

    @Test func valueOfAVariableIsNotRepeatedInMessages() {
        let text = message("run: {name: r, draws: \"${N}\"}", [], ["N": "secret"])
        #expect(text.contains("not `${N}`"))
        #expect(!text.contains("secret"))
    }

    @Test func keyInTheOpenIsRefused() {
        let text = message("policy: {model: m, url: 'http://h', api_key: sk-123}")
        #expect(text.contains("policy.api_key must not stand in the open (q.yaml:1)"))
        #expect(!text.contains("sk-123"))
    }

    @Test func secretIsReadOnlyWhenAskedFor() throws {
        let configuration = try read("policy: {model: m, url: 'http://h', api_key: '${K}'}")
        let secret = try #require(configuration.policy?.endpoint.apiKey)
        #expect(try secret.value(in: ["K": "v"]) == "v")
        #expect {
            _ = try secret.value(in: [:])
        } throws: { error in
            "\(error)".contains("variable K is not set (q.yaml:1)")
        }
    }

    @Test func overridesReplaceAddAndAreChecked() throws {
        let overrides = ["run.draws=64", "policy.sampling.stop=[a, b]", "log.level=debug"]
        let configuration = try read(Self.valid, overrides)
        #expect(configuration.run?.draws == 64)
        #expect(configuration.policy?.sampling.stop == ["a", "b"])
        #expect(configuration.log.level == .debug)
        #expect(
            message(Self.valid, ["run.drws=1"])
                == "unknown key `drws` in run (--override run.drws); did you mean `draws`?")
        #expect(message(Self.valid, ["run.draws=0"]).hasSuffix("not 0 (--override run.draws)"))
        // Standard input, and not a list.
        #expect(try read(Self.valid, ["prompts.file=-"]).prompts?.file == "-")
        #expect(message(Self.valid, ["draws"]).contains("write `--override key.path=value`"))
        #expect(message(Self.valid, ["run..x=1"]).contains("a key of the path is empty"))
    }

    @Test func launchedProgramIsResolvedAgainstItsFolder() throws {
        let launch = try read(
            """
            policy:
              model: m
              launch: {directory: .., command: [bin/serve, --port, "{port}", 8]}
            """
        ).policy?.endpoint.launch
        #expect(launch?.argv == ["/etc/bin/serve", "--port", "{port}", "8"])
        #expect(launch?.workingDirectory == "/etc")
    }

    @Test func missingSectionsAreNamedWhenARunNeedsThem() throws {
        let configuration = try read("run: {name: r, draws: 1}\nprompts: {set: s}")
        #expect {
            _ = try configuration.runSpec()
        } throws: { error in
            "\(error)" == "q.yaml lacks `policy`, `scorer`, which a run needs"
        }
    }

    @Test func unreadableFileIsNamed() {
        #expect {
            _ = try Configuration.load(path: "/nowhere/x.yaml", environment: [:])
        } throws: { error in
            "\(error)" == "there is no configuration /nowhere/x.yaml: no such file"
        }
        #expect {
            _ = try Configuration.load(path: "/", environment: [:])
        } throws: { error in
            "\(error)".contains("cannot read the configuration /: is it a file")
        }
    }

    @Test(arguments: [
        ("chats.jsonl", "{\"prompt\": \"One?\"}\n"),
        ("chats.txt", "{\"prompt\": \"One?\"}\n{\"prompt\": \"Two?\"}\n"),
        ("chats.jsonl.gz", "\u{1f}\u{8b}"),
    ])
    func promptsAreNoConfiguration(name: String, text: String) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "prompts-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: name)
        try Data(text.utf8).write(to: file)
        #expect {
            _ = try Configuration.load(path: file.path, environment: [:])
        } throws: { error in
            "\(error)".contains("holds prompts") && "\(error)".contains("`ogive import ")
        }
        // A configuration may be JSON as well.
        let flow = folder.appending(path: "flow.yaml")
        try Data("{run: {name: a,\n draws: 3}}\n".utf8).write(to: flow)
        #expect(try Configuration.load(path: flow.path, environment: [:]).run?.draws == 3)
        try FileManager.default.removeItem(at: folder)
    }

    @Test func fromAKindThatThereIsNotNothingFollows() {
        let launch = "launch: {command: [serve, '{port}']}"
        for (text, wrong) in [
            ("scorer: {kind: rerankk, model: m, \(launch)}", "scorer.kind"),
            ("policy: {kind: opennai, synthetic: {mean: 1}, \(launch)}", "policy.kind"),
        ] {
            let problems = message(text).split(separator: "\n")
            #expect(problems.count == 1, "\(problems)")
            #expect(problems.first?.contains(wrong) == true)
        }
    }

    @Test func promptSetIsNamedAfterTheFile() throws {
        let prompts = try read("prompts: {file: data/train.jsonl.gz}").prompts
        #expect(prompts?.set == "train")
        #expect(prompts?.file == "/etc/ogive/data/train.jsonl.gz")
        let trial = try read("prompts: {file: data/train.jsonl.gz, limit: 5}").prompts
        #expect(trial?.set == "train-first-5")
        #expect(try read("prompts: {set: s, limit: 0}").prompts?.set == "s")
    }

    /// `ogive import FILE --set NAME` reads rows by a section that names no set.
    @Test(arguments: [
        "prompts: {}", "prompts: {metadata: [images]}", "prompts: {fields: {prompt: q}, limit: 5}",
        "prompts: {file: '-'}",
    ])
    func promptSetIsMissedWhereItIsUsed(section: String) throws {
        #expect(try read(section).prompts?.set == nil)
        let configuration = try read(Self.valid.replacing("prompts:\n  set: s", with: section))
        let error = #expect(throws: CommandError.self) { try configuration.runSpec() }
        #expect(error?.code == .configuration)
        #expect(error?.message.hasPrefix("q.yaml lacks `prompts.set`") == true, "\(error as Any)")
    }
}
