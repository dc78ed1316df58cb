import Foundation
import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct CheckLogprobs {}
}

extension EndToEndTests.CheckLogprobs {
    @Test func `Stored draws are given back to the policy, and what differs is an error`()
        async throws
    {
        try await Workspace.with { workspace in
            let database = try await Database.make()
            let rows = (0..<12).map { #"{"key": "p\#($0)", "prompt": "\#($0)?"}"# }
            try workspace.write("prompts.jsonl", rows.joined(separator: "\n") + "\n")
            let run = try Settings.synthetic(workspace, database: .url(database.url), draws: 4)
            try await workspace.ogive(["run", "--no-preflight", run])
            let option = ["--config", run]
            let stored = "SELECT count(*) || ' ' || sum(log_probability) FROM ogive.completion_rows"
            let before: String = try await database.value(stored)

            // What a synthetic policy says of a given text is another number than it drew, within
            // one nat a token.
            let check = ["check-logprobs", "made"] + option
            let bad = try await workspace.ogive(check + ["--draws", "9"], exit: 1)
            #expect(bad.output.contains("9 draws compared"), "\(bad.transcript)")
            #expect(bad.output.contains("beyond the tolerance of 0.02 nats a token"))
            let good = try await workspace.ogive(check + ["--tolerance", "2"])
            #expect(good.output.contains("24 draws compared, 0 beyond"), "\(good.transcript)")
            let json = try await workspace.ogive(check + ["--tolerance", "2", "--json"])
            #expect(json.output.contains(#""agrees":true"#), "\(json.output)")
            #expect(try await database.value(stored) == before)

            let none = ["run.name=none", "policy.logprobs=none"].flatMap { ["-o", $0] }
            try await workspace.ogive(["run", "--no-preflight", run] + none)
            for (arguments, words) in [
                (["check-logprobs", "none"], "stored no log-probabilities"),
                (
                    check + ["-o", "policy.model=other"],
                    "is not synthetic, which run 'made' sampled"
                ),
                (check + ["-o", "policy=null"], "lacks `policy`"),
                (check + ["--draws", "0"], "--draws must be in"),
                (check + ["--tolerance=-1"], "--tolerance must be at least 0"),
            ] {
                let arguments = arguments.contains("--config") ? arguments : arguments + option
                let refused = try await workspace.ogive(arguments, exit: 2)
                #expect(refused.errors.contains(words), "\(refused.transcript)")
            }
        }
    }
}
