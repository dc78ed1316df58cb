import Harness
import Testing

extension EndToEndTests {
    @Suite(.timeLimit(.minutes(10))) struct Imports {}
}

/// What `ogive import` and `ogive run` say of files, by their exit codes and texts.
extension EndToEndTests.Imports {
    @Test func `A finished answer is refused once, until the user says what it is`() async throws {
        try await Workplace.with { workplace in
            let database = try await Database.make()
            let config = try Settings.synthetic(workplace, database: .url(database.url))
            let row =
                #"{"messages": [{"role": "user", "content": "N"}, "#
                + #"{"role": "assistant", "content": "A"}]}"#
            let rows = (0..<1200).map { row.replacing("N", with: "\($0)") }
            let file = try workplace.write("chats.jsonl", rows.joined(separator: "\n"))
            let refused = try await workplace.ogive(
                ["import", file, "--set", "chats", "--config", config], exit: 1)
            #expect(refused.errors.contains("last_assistant: candidate"))
            #expect(refused.errors.contains("continue"))
            #expect(refused.errors.contains("read no further"))
            #expect(refused.errors.split(separator: "\n").count < 8, "\(refused.errors)")
            let taken = try await workplace.ogive([
                "import", file, "--set", "chats", "--config", config, "--last-assistant",
                "candidate",
            ])
            #expect(taken.output.contains("1 200 candidates"), "\(taken.transcript)")
            #expect(taken.errors.contains("labelled `answer`"))
        }
    }

    @Test func `A file that is smaller than its set is said, and a trial has its own set`()
        async throws
    {
        try await Workplace.with { workplace in
            try Settings.writePrompts(workplace, 6)
            let database = try await Database.make()
            let config = try Settings.synthetic(workplace, database: .url(database.url))
            try await workplace.ogive(["run", config])
            let small = try workplace.write("small.jsonl", "{\"prompt\": \"one\"}\n")
            let run = try await workplace.ogive(["run", config, "-o", "prompts.file=\(small)"])
            #expect(run.output.contains("the set has 7 prompts, the file 1"), "\(run.transcript)")
            let trial = try await workplace.ogive(["run", config, "-o", "prompts.limit=2"])
            #expect(trial.output.contains("-first-2': 2 prompts imported"), "\(trial.transcript)")
        }
    }
}
