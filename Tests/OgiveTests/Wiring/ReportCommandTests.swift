import ArgumentParser
import Testing

@testable import ogive

/// The command lines of `ogive report` and `ogive wait`.
@Suite(.timeLimit(.minutes(10))) struct ReportCommandTests {
    @Test func `Shares of examples are numbers from 0 to 1, each once`() {
        #expect(ReportCommand.shares("0.5") == [0.5])
        #expect(ReportCommand.shares("1,0,0.25,0") == [0, 0.25, 1])
        for text in ["", "0.5,", "a", "1.1", "-0.1", "nan", "0.5 0.6"] {
            #expect(ReportCommand.shares(text) == nil, "\(text)")
        }
        let many = (0...20).map { "\(Double($0) / 20)" }.joined(separator: ",")
        #expect(ReportCommand.shares(many) == nil)
    }

    @Test func `What cannot be meant is refused`() {
        for words in [
            ["report", "r", "--examples", "2"], ["report", "r", "--examples", ""],
            ["wait", "r", "--timeout", "tomorrow"], ["wait", "r", "--timeout", "10"],
        ] {
            #expect(throws: (any Error).self) { _ = try Ogive.parseAsRoot(words) }
        }
        #expect(throws: Never.self) {
            _ = try Ogive.parseAsRoot(["wait", "r", "--timeout", "1h30m"])
        }
    }

    @Test func `Progress says which part is read, and how long the rest may take`() {
        #expect(ReportProgress.text("rewards", 0, .seconds(3)) == "reporting: rewards")
        #expect(
            ReportProgress.text("audit", 0.75, .seconds(30))
                == "reporting: audit · 75 % · ETA 10s")
    }

    @Test func `A time that is over has the exit code of timeout`() {
        #expect(CommandError(.timeout, "over").exitCode.rawValue == 124)
        #expect(CommandError(.timeout, "over").isRetriable)
    }
}
