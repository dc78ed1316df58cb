import Postgres
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10)))
struct TerminalTextTests {
    @Test(arguments: [
        (0, "0s"), (59, "59s"), (61, "1m 01s"), (7_620, "2h 07m"), (273_600, "3d 04h"),
    ])
    func timeHasItsTwoLargestUnits(seconds: Int, text: String) {
        #expect(NumberText.time(.seconds(seconds)) == text)
    }

    @Test(arguments: [
        (0.0, 2, "0.00"), (1.005, 1, "1.0"), (-0.25, 2, "-0.25"), (-0.001, 2, "0.00"),
        (12.3456, 3, "12.346"), (99.96, 1, "100.0"), (5, 0, "5"),
    ])
    func decimalsAreRounded(number: Double, digits: Int, text: String) {
        #expect(NumberText.decimal(number, digits) == text)
    }

    @Test(arguments: [
        Double.infinity, -.infinity, .nan, 1e300, -1e18, 9e14, .leastNonzeroMagnitude,
    ])
    func extremeNumbersDoNotTrap(number: Double) {
        #expect(!NumberText.decimal(number, 6).isEmpty)
        #expect(!NumberText.rate(number).isEmpty)
        #expect(!TextECDF.label(number.isFinite ? number : 0).isEmpty)
    }

    @Test func countsAreGrouped() {
        #expect(NumberText.count(1_234_567) == "1 234 567")
        #expect(NumberText.count(-1000) == "-1 000")
        #expect(NumberText.count(12) == "12")
        #expect(NumberText.count(.min) == "-9 223 372 036 854 775 808")
    }

    @Test(arguments: [
        (0, "0 draws are"), (1, "1 draw is"), (2, "2 draws are"), (1_234, "1 234 draws are"),
    ])
    func nounAndVerbFitTheCount(count: Int, text: String) {
        #expect(NumberText.count(count, "draw", "is", "are") == text)
        #expect(text.hasPrefix(NumberText.count(count, "draw")))
    }

    @Test func errorsOfTheDatabaseReadAsOthers() {
        func message(_ text: String) -> String {
            CommandError(explaining: PostgresError(.databaseMissing, text)).message
        }
        #expect(message("The database \"d\" does not exist") == "the database 'd' does not exist")
        #expect(message("PostgreSQL cannot be reached") == "PostgreSQL cannot be reached")
        let asked = PostgresError(.configuration, "The URL has no host")
        #expect(CommandError(explaining: asked).message == "the URL has no host")
    }

    @Test func tableIsAlignedAndItsLastColumnCut() {
        var table = TextTable(["prompt", "n", "text"], [.left, .right])
        table.add(["a", "8", "short"])
        table.add(["longer one", "128", "two\nlines that go on"])
        #expect(
            table.lines(width: 30) == [
                "prompt        n  text",
                "a             8  short",
                "longer one  128  two lines th…",
            ])
        table.add([])
        #expect(table.lines().last == "")
    }

    @Test func errorsHaveOnePrefixAndNoTrace() {
        func lines(_ error: CommandError) -> [String] {
            ErrorRendering.lines(error, style: .plain).map(\.line)
        }
        #expect(lines(CommandError(.input, "no file")) == ["error: no file"])
        #expect(
            lines(CommandError(.configuration, "one\ntwo")) == ["error: one", "error: two"])
        #expect(
            lines(CommandError(.unavailable, "a", cause: "b")) == ["error: a", "  because: b"])
    }

    @Test func coloursNeedATerminalAndNoNO_COLOR() {
        // Descriptor -1 is never a terminal.
        let style = TerminalStyle(descriptor: -1, environment: [:])
        #expect(!style.isTerminal && !style.hasColours)
        #expect(style.width == 80)
        #expect(style.paint("x", .red).line == "x")
        let colours = TerminalStyle(isTerminal: true, hasColours: true, width: 80)
        #expect(colours.paint("x", .red).line == "\u{1b}[31mx\u{1b}[0m")
    }

    @Test(
        arguments: [
            (["LANG": "C"], false), (["LANG": "en_US.UTF-8"], true), ([:], true),
            (["LC_ALL": "C", "LANG": "en_US.UTF-8"], false), (["LC_CTYPE": "C.utf8"], true),
            (["LANG": "de_DE.ISO-8859-1"], false), (["LC_ALL": "", "LANG": "POSIX"], false),
        ] as [([String: String], Bool)])
    func localeSaysWhetherThereIsUnicode(environment: [String: String], isUnicode: Bool) {
        #expect(TerminalStyle(descriptor: -1, environment: environment).hasUnicode == isUnicode)
    }

    @Test func plotIsDrawnInASCIIWithTheTerminalsWidth() {
        var style = TerminalStyle(isTerminal: true, hasColours: false, width: 60)
        style.hasUnicode = false
        #expect(style.plotWidth == 52)
        let plot = TextECDF(width: style.plotWidth).lines([0, 1, 2]).map(style.shown)
        #expect(plot.joined().utf8.allSatisfy { $0 < 128 })
        #expect(plot.allSatisfy { $0.count <= 60 })
        #expect(TerminalStyle.plain.plotWidth == 40)
    }

    @Test func hashesAreShownByTheirBeginning() {
        let hash = String(repeating: "0a", count: 32)
        #expect(PromptText.short(hash) == "0a0a0a0a0a0a…")
        #expect(PromptText.short("held-out-000") == "held-out-000")
    }

    @Test(arguments: CompletionsCommand.Shell.allCases)
    func completionScriptNamesTheCommands(shell: CompletionsCommand.Shell) {
        let script = CompletionsCommand.script(for: shell)
        #expect(script.contains("completions"))
        #expect(script.contains("ogive"))
    }
}
