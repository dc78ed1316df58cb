import FoundationEssentials
import OgiveCore
import OgiveModels
import OgiveTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct CommandScorerTests {
    /// Runs `body` with a scorer whose subprocess is a shell script.
    private func withCommand(
        _ script: String, timeout: Duration = .seconds(600), clock: TimeSource = .machine,
        announcesFacts: Bool = false, _ body: (CommandScorer) async throws -> Void
    ) async throws {
        var command = CommandAdapter(["sh", "-c", script])
        command.environment = ["OFFSET": "5"]
        command.announcesFacts = announcesFacts
        var endpoint = ScorerEndpoint(command, model: "mine")
        endpoint.requestTimeout = timeout
        endpoint.batchSize = 3
        let scorer = try CommandScorer(command, endpoint: endpoint, clock: clock)
        try await withThrowingTaskGroup { group in
            group.addTask { await scorer.run() }
            try await body(scorer)
            group.cancelAll()
        }
    }

    private func requests(_ texts: [String]) -> [ScoreRequest] {
        texts.map { ScoreRequest(prompt: Samples.chat, completion: $0) }
    }

    /// The reward of the one request, asked for again while that may help.
    private func retried(
        _ scorer: CommandScorer, _ requests: [ScoreRequest]
    ) async throws -> Double? {
        for _ in 0..<100 {
            let answer = await scorer.score(requests)[0]
            guard case .failure(let error) = answer, error.isRetriable else {
                return try answer.get().reward
            }
        }
        return nil
    }

    /// Rewards each line by a digit of its completion.
    private static let echo = #"""
        while IFS= read -r line; do
          id=${line#*\"id\":}; id=${id%%,*}
          text=${line#*\"completion\":\"}; text=${text%%\"*}
          echo "{\"id\":$id,\"reward\":$text.25}"
        done
        """#

    @Test func conforms() async throws {
        try await withCommand(Self.echo) { scorer in
            let conformance = ScorerConformance(
                scorer: scorer, requests: requests(["1", "2", "3", "4", "5", "6", "7"]))
            #expect(await conformance.problems() == [])
            let rewards = await scorer.score(requests(["4", "-2"])).map { try? $0.get().reward }
            #expect(rewards == [4.25, -2.25])
        }
    }

    @Test func environmentIsPassedOn() async throws {
        let script = #"read -r line; echo "{\"id\":0,\"reward\":$OFFSET}"; read -r line"#
        try await withCommand(script) { scorer in
            let answer = await scorer.score(requests(["x"]))[0]
            let reward = try? answer.get().reward
            #expect(reward == 5)
        }
    }

    @Test(arguments: [
        (#"{"id":0,"reward":NaN}"#, ModelError.Code.notFinite),
        (#"{"id":0,"reward":-Infinity}"#, .notFinite),
        (#"{"id":0,"error":"no such unit"}"#, .rejected),
        (#"{"id":0,"error":"600 tokens","code":"prompt_too_long"}"#, .promptTooLong),
        (#"{"id":0,"error":"600 tokens","code":"wrong_model"}"#, .rejected),
        (#"{"id":0}"#, .malformed),
        ("Loading model...", .processDied), (#"{"reward":1}"#, .processDied),
    ]) func oddLineIsATypedFailure(_ line: String, _ code: ModelError.Code) async throws {
        let script = "read -r question; echo '\(line)'; read -r question"
        try await withCommand(script) { scorer in
            let answer = await scorer.score(requests(["x"]))[0]
            #expect(answer.code == code)
        }
    }

    @Test func deathReportsTheLastLines() async throws {
        try await withCommand("read -r line; echo 'no GPU here' >&2; exit 3") { scorer in
            let answer = await scorer.score(requests(["x"]))[0]
            #expect(answer.code == .processDied)
            #expect(answer.message.contains("no GPU here"))
            #expect(answer.message.contains("3"))
        }
    }

    @Test func deadCommandIsStartedAgain() async throws {
        // Answers one request, then ends.
        let script = #"read -r l; id=${l#*:}; echo "{\"id\":${id%%,*},\"reward\":1}""#
        try await withCommand(script) { scorer in
            for _ in 0..<3 {
                let reward = try await retried(scorer, requests(["x"]))
                #expect(reward == 1)
            }
        }
    }

    @Test func silenceIsATimeout() async throws {
        try await withCommand("while read -r line; do :; done", timeout: .milliseconds(100)) {
            scorer in
            #expect(await scorer.score(requests(["x", "y"])).map(\.code) == [.timeout, .timeout])
        }
    }

    @Test func closedInputEndsNobodyElse() async throws {
        // Closes its input before it answers: what is written then would end a careless writer.
        let script = #"read -r l; exec 0<&-; echo '{"id":0,"reward":1}'; exec sleep 2"#
        try await withCommand(script) { scorer in
            let first = await scorer.score(requests(["x"]))[0]
            #expect(first.code == nil)
            let second = await scorer.score(requests(["y"]))[0]
            #expect(second.code == .processDied)
        }
    }

    @Test func hangingCommandIsStartedAgain() async throws {
        let marker = "/tmp/command-\(UInt64.random(in: 0 ... .max))"
        // Hangs in its first life only.
        let script =
            "[ -e \(marker) ] || { : >\(marker); while read -r l; do :; done; }; " + Self.echo
        try await withCommand(script, timeout: .seconds(6)) { scorer in
            let late = await scorer.score(requests(["1"]))[0]
            #expect(late.code == .timeout, "\(late.message)")
            let reward = try await retried(scorer, requests(["2"]))
            #expect(reward == 2.25)
        }
        try FileManager.default.removeItem(atPath: marker)
    }

    @Test func factsArePartOfTheFingerprint() async throws {
        let script = #"echo '{"facts": {"weights": "a1", "dtype": "float32"}}'; "# + Self.echo
        try await withCommand(script, announcesFacts: true) { scorer in
            let facts = [
                "model": "mine", "server": "command", "command.weights": "a1",
                "command.dtype": "float32",
            ]
            let prints = [try await scorer.fingerprint(), try await scorer.fingerprint()]
            #expect(prints == [Fingerprint(facts), Fingerprint(facts)])
            let rewards = await scorer.score(requests(["4"])).map { try? $0.get().reward }
            #expect(rewards == [4.25])
        }
        // Said without being asked for: read over.
        try await withCommand(script) { scorer in
            let rewards = await scorer.score(requests(["4"])).map { try? $0.get().reward }
            #expect(rewards == [4.25])
            let named = Fingerprint(["model": "mine", "server": "command"])
            let fingerprint = try await scorer.fingerprint()
            #expect(fingerprint == named)
        }
    }

    @Test(arguments: [
        ("exit 3", ModelError.Code.processDied, 600_000), ("read -r line", .timeout, 200),
        (#"echo '{"facts": {"a": 1}}'; read -r line"#, .processDied, 600_000),
    ]) func missingFactsAreAnError(
        _ script: String, _ code: ModelError.Code, _ timeout: Int
    ) async throws {
        try await withCommand(script, timeout: .milliseconds(timeout), announcesFacts: true) {
            scorer in
            do throws(ModelError) {
                Issue.record("\(try await scorer.fingerprint())")
            } catch {
                #expect(error.code == code, "\(error)")
            }
        }
    }

    @Test func otherFactsAfterARestartAreAnotherModel() async throws {
        let marker = "/tmp/command-\(UInt64.random(in: 0 ... .max))"
        let script = #"""
            n=1; [ -e \#(marker) ] && n=2; : >\#(marker); echo "{\"facts\": {\"weights\": \"$n\"}}"
            read -r l; id=${l#*:}; echo "{\"id\":${id%%,*},\"reward\":1}"
            """#
        try await withCommand(script, announcesFacts: true) { scorer in
            let weights = try await scorer.fingerprint().facts["command.weights"]
            #expect(weights == "1")
            var codes: Set<ModelError.Code> = []
            for _ in 0..<100 where !codes.contains(.wrongModel) {
                let answer = await scorer.score(requests(["x"]))[0]
                if let code = answer.code { codes.insert(code) }
                if answer.code == .wrongModel { #expect(answer.message.contains("1 → 2")) }
            }
            #expect(codes.contains(.wrongModel))
        }
        try FileManager.default.removeItem(atPath: marker)
    }

    @Test func missingProgramIsNamed() async throws {
        var command = CommandAdapter()
        let endpoint = ScorerEndpoint(command, model: "mine")
        #expect(throws: ModelError.self) { try CommandScorer(command, endpoint: endpoint) }
        command.argv = ["/no/such/program"]
        let scorer = try CommandScorer(command, endpoint: endpoint)
        await withTaskGroup { group in
            group.addTask { await scorer.run() }
            let answer = await scorer.score(requests(["x"]))[0]
            #expect(answer.code == .processDied)
            #expect(answer.message.contains("/no/such/program"))
            group.cancelAll()
        }
    }
}
