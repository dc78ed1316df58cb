import ArgumentParser
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10))) struct ConfigurationFileTests {
    @Test func `The option wins over the variable`() {
        let environment = ["OGIVE_CONFIG": "v.yaml"]
        let named = ConfigurationFile.find(
            named: "o.yaml", overrides: [], environment: environment)
        #expect(named == ConfigurationFile(path: "o.yaml"))
        let implied = ConfigurationFile.find(named: nil, overrides: [], environment: environment)
        #expect(implied?.path == "v.yaml" && implied?.isImplied == true)
    }

    @Test(arguments: [
        ("see `ogive failures`", "see `ogive failures --config 'my file.yaml' -o run.draws=3`"),
        (
            "`ogive psql -- -c x` or `psql`",
            "`ogive psql --config 'my file.yaml' -o run.draws=3 -- -c x` or `psql`"
        ),
        ("`ogive keys --help`, `ogive status --config a`", nil),
        ("`worker.key` and ogive status", nil), ("one ` alone, ogive status", nil),
    ])
    func `Hints name the configuration`(text: String, completed: String?) {
        let file = ConfigurationFile(path: "my file.yaml", overrides: ["run.draws=3"])
        #expect(file.completing(text) == completed ?? text)
    }

    @Test func `Hints say nothing that the next command finds by itself`() {
        var file = ConfigurationFile(path: "ogive.yaml", isImplied: true)
        #expect(file.completing("see `ogive failures`") == "see `ogive failures`")
        file.overrides = ["run.name=x"]
        #expect(file.completing("see `ogive failures`") == "see `ogive failures -o run.name=x`")
    }

    /// All commands, from the root.
    private static func commands(
        _ command: any ParsableCommand.Type = Ogive.self
    ) -> [any ParsableCommand.Type] {
        [command] + command.configuration.subcommands.flatMap { commands($0) }
    }

    @Test func `Help fits into 80 columns as it is written`() {
        let all = Self.commands()
        #expect(all.count > 20)
        for command in all {
            let text = command.configuration.discussion
            for line in text.split(separator: "\n") where line.count > 79 {
                Issue.record("\(command): \(line.count) columns: \(line)")
            }
            let help = command.helpMessage(columns: 80)
            for line in text.split(separator: "\n") {
                #expect(help.contains(line), "\(command) breaks: \(line)")
            }
        }
    }
}
