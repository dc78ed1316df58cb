import ArgumentParser
import Testing

@testable import ogive

/// Options of commands: what they refuse, and that hints name no option that a command lacks.
@Suite(.timeLimit(.minutes(10))) struct CommandOptionTests {
    @Test(arguments: ["nan", "inf", "-inf", "-infinity", "NaN"])
    func `Numbers that are not finite are refused when they are read`(number: String) {
        #expect(throws: (any Error).self) {
            try QueryCommand.parse(["r", "--prompt", "p", "--reward", number])
        }
        for option in ["--min-gap", "--threshold", "--beta"] {
            let target = option == "--threshold" ? "trl-kto" : "trl-dpo"
            #expect(throws: (any Error).self, "\(option)") {
                try ExportCommand.parse(["r", "--for", target, option, number])
            }
        }
        #expect(throws: (any Error).self) {
            try ReportCommand.parse(["r", "--examples", "0.5,\(number)"])
        }
        #expect(throws: (any Error).self) { try WaitCommand.parse(["r", "--timeout", number]) }
    }

    @Test func `Finite numbers and whole ones in their range are taken`() throws {
        #expect(
            try QueryCommand.parse(["r", "--prompt", "p", "--reward", "-1e-3"]).reward == -1e-3)
        #expect(throws: (any Error).self) { try AuditCommand.parse(["r", "--list", "-1"]) }
        #expect(try AuditCommand.parse(["r", "--list", "0"]).list == 0)
    }

    @Test func `Hints about rows name what the running command has`() throws {
        let importing = ImportCommand.helpMessage()
        for hint in [
            ImportRules.Way.options.skipsBadRows, ImportRules.Way.options.namesSet,
            ImportRules.Way.options.takesLastTurn,
        ] {
            let option = try #require(Self.option(in: hint))
            #expect(importing.contains(option), "\(option)")
        }
        let adopting = AdoptCommand.helpMessage()
        #expect(adopting.contains("--set") && adopting.contains("--last-assistant"))
        // Of all other commands: no option of theirs, but keys that there are.
        for hint in [
            ImportRules.Way.configuration.skipsBadRows, ImportRules.Way.configuration.namesSet,
            ImportRules.Way.configuration.takesLastTurn,
        ] {
            #expect(Self.option(in: hint) == nil, "\(hint)")
            let key = try #require(hint.firstMatch(of: /-o ([a-z_.]+)=/)?.output.1)
            #expect(Configuration.knownKeys.contains(String(key)), "\(key)")
        }
    }

    private static func option(in hint: String) -> String? {
        hint.firstMatch(of: /--[a-z-]+/).map { String($0.output) }
    }

    @Test func `A chat that ends with an answer is refused with what the command has`() throws {
        let row =
            #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#
        func message(_ way: ImportRules.Way) throws -> String {
            var rules = ImportRules()
            rules.way = way
            let fields = try #require(try JSONParser.parse(Array(row.utf8)).fields)
            do throws(RowProblem) {
                _ = try RowShape(rules: rules).read(fields)
                return "it is read"
            } catch {
                return error.detail
            }
        }
        let imported = try message(.options)
        #expect(imported.contains("`--last-assistant candidate`"), "\(imported)")
        let run = try message(.configuration)
        #expect(!run.contains("--last-assistant"), "\(run)")
        #expect(run.contains("`-o prompts.last_assistant=candidate`"), "\(run)")
    }

    @Test func `The quickstart has the options that hints of its run name`() throws {
        let help = QuickstartCommand.helpMessage()
        for option in ["--retry-failures", "--no-preflight", "--preflight-timeout"] {
            #expect(RunCommand.helpMessage().contains(option), "\(option)")
            #expect(RescoreCommand.helpMessage().contains(option), "\(option)")
            #expect(help.contains(option), "\(option)")
        }
    }
}
