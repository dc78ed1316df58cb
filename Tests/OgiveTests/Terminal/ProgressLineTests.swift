import Harness
import OgiveCore
import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10)))
struct ProgressLineTests {
    private let terminal = TerminalStyle(isTerminal: true, hasColours: false, width: 80)

    /// The lines that a terminal shows.
    private func visible(_ text: String?, width: Int = 80) -> [String] {
        var screen = TerminalScreen(width: width)
        screen.write(text ?? "")
        #expect(!screen.hasWrapped && screen.unknown.isEmpty)
        return screen.lines
    }

    /// Milliseconds of slots.
    private func slots(_ policy: Int, scorer: Int = 0, nothing: Int = 0) -> SlotTime {
        var time = SlotTime()
        time[SlotWait(stage: .sample, side: .policy)] = policy
        time[SlotWait(stage: .score, side: .scorer)] = scorer
        time[SlotWait(stage: .score, side: .nothing)] = nothing
        return time
    }

    @Test func terminalShowsBarCountsRatesWaitsFailuresCostAndETA() {
        var line = ProgressLine(style: terminal)
        var snapshot = ProgressSnapshot(done: 0, total: 1000)
        _ = line.update(snapshot, at: .zero)
        snapshot = ProgressSnapshot(
            done: 250, total: 1000, tokens: 5000, failures: 3, cost: 0.5, estimatedCost: 2)
        snapshot.slotTime = slots(9000, scorer: 500, nothing: 500)
        let lines = visible(line.update(snapshot, at: .seconds(10)))
        #expect(lines.count == 4, "\(lines)")
        #expect(lines[0].hasPrefix(" 25% ▕██████"), "\(lines)")
        #expect(lines[0].hasSuffix("▏  250/1 000 draws, 3 of them failed  ETA 30s"), "\(lines)")
        #expect(
            lines[1]
                == "     25.0 draws/s (average 25.0)  500 tokens/s (average 500)", "\(lines)")
        #expect(lines[2] == "     cost 0.50 of about 2.00")
        #expect(lines[3] == "     waits for policy 90 %, scorer 5.0 %, nothing to do 5.0 %")
    }

    @Test func ratesAreOfLateAndOnAverage() {
        var line = ProgressLine(
            style: TerminalStyle(isTerminal: true, hasColours: false, width: 120))
        _ = line.update(ProgressSnapshot(done: 0, total: 1000), at: .zero)
        _ = line.update(ProgressSnapshot(done: 600, total: 1000, cost: 0.3), at: .seconds(30))
        let lines = visible(
            line.update(
                ProgressSnapshot(done: 630, total: 1000, cost: 0.5), at: .seconds(60)),
            width: 120)
        #expect(lines[1] == "     1.00 draws/s (average 10.5)  cost 0.50", "\(lines)")
    }

    @Test(arguments: [20, 30, 40, 60, 80, 200])
    func redrawnLineNeverFillsTheTerminal(width: Int) {
        var line = ProgressLine(
            style: TerminalStyle(isTerminal: true, hasColours: false, width: width))
        _ = line.update(ProgressSnapshot(done: 0, total: 10_000_000), at: .zero)
        var snapshot = ProgressSnapshot(
            done: 5_000_000, total: 10_000_000, tokens: 9_999_999, failures: 12)
        snapshot.slotTime = slots(1000, scorer: 2000, nothing: 3000)
        let lines = visible(line.update(snapshot, at: .seconds(999)), width: width)
        // Three columns are free, for the terminal's `^C`.
        #expect(lines.allSatisfy { $0.count <= width - 3 }, "\(lines)")
        #expect(lines.first?.contains("50%") == true)
    }

    @Test func aLowTerminalShowsOneLine() {
        var style = terminal
        style.height = 5
        style.width = 120
        var line = ProgressLine(style: style)
        _ = line.update(ProgressSnapshot(done: 0, total: 10), at: .zero)
        let lines = visible(
            line.update(ProgressSnapshot(done: 5, total: 10), at: .seconds(5)), width: 120)
        #expect(lines.count == 1)
        #expect(lines[0].hasSuffix("5/10 draws  1.00 draws/s (average 1.00)  ETA 5s"), "\(lines)")
    }

    @Test func linesOfALogStayAboveAndWhole() {
        var screen = TerminalScreen(width: 80)
        var line = ProgressLine(style: terminal)
        for step in 0...20 {
            var snapshot = ProgressSnapshot(done: step, total: 20, tokens: step)
            snapshot.slotTime = slots(step)
            screen.write(line.update(snapshot, at: .seconds(step)) ?? "")
            // Another process writes, as `Output.warn` does, and a third one does not clear.
            if step % 3 == 0 { screen.write(terminal.clearing + "log \(step)\nmore of \(step)\n") }
            if step % 7 == 0 { screen.write(terminal.clearing + "short\n") }
        }
        screen.write(
            line.finish(ProgressSnapshot(done: 20, total: 20, tokens: 20), at: .seconds(21)))
        let lines = screen.lines
        for step in stride(from: 0, through: 18, by: 3) {
            #expect(lines.contains("log \(step)") && lines.contains("more of \(step)"))
        }
        #expect(lines.count { $0 == "short" } == 3)
        #expect(lines.count { $0.contains("20/20 draws") } == 1, "\(lines)")
        #expect(lines.count == 14 + 3 + 2, "nothing else is left: \(lines)")
        #expect(screen.cursor.column == 0 && !screen.hasWrapped)
    }

    @Test func redrawnLineIsDrawnAtMostTenTimesASecond() {
        var line = ProgressLine(style: terminal)
        let snapshot = ProgressSnapshot(done: 1, total: 2)
        #expect(line.update(snapshot, at: .zero) != nil)
        #expect(line.update(snapshot, at: .milliseconds(99)) == nil)
        #expect(line.update(snapshot, at: .milliseconds(100)) != nil)
    }

    @Test func plainLineComesEveryTenSecondsAndAtTheEnd() {
        var line = ProgressLine(style: .plain)
        let half = ProgressSnapshot(done: 5, total: 10)
        #expect(line.update(half, at: .zero) == "5/10 draws · ETA ?\n")
        #expect(line.update(half, at: .milliseconds(9999)) == nil)
        #expect(
            line.update(ProgressSnapshot(done: 8, total: 10), at: .seconds(10))
                == "8/10 draws · 0.30 draws/s (average 0.30) · ETA 7s\n")
        #expect(
            line.finish(ProgressSnapshot(done: 10, total: 10), at: .seconds(12))
                == "10/10 draws · 0.42 draws/s (average 0.42) · took 12s\n")
    }

    @Test func jsonLineIsOneObject() throws {
        var line = ProgressLine(style: terminal, json: true)
        let update = line.update(ProgressSnapshot(done: 1, total: 4), at: .zero)
        let text = try #require(update)
        let fields = try JSONParser.parse(Array(text.utf8)).fields
        #expect(fields?["draws_done"] == .number("1"))
        #expect(fields?["draws_per_second"] == .null)
        #expect(fields?["waits"] == .null && fields?["average_draws_per_second"] == .null)
        #expect(text.hasSuffix("\n"))
    }

    @Test func otherOutputClearsTheOpenLineOnce() {
        var line = ProgressLine(style: terminal)
        #expect(line.interrupt() == "")
        _ = line.update(ProgressSnapshot(done: 1, total: 2), at: .zero)
        #expect(line.interrupt() == "\r\u{1b}[J")
        #expect(line.interrupt() == "")
    }

    @Test func failuresOfDrawsAndCandidatesAreCountedApart() {
        var line = ProgressLine(style: .plain)
        var snapshot = ProgressSnapshot(done: 3, total: 4, failures: 2)
        snapshot.candidatesTotal = 5
        snapshot.candidatesDone = 4
        snapshot.candidateFailures = 1
        #expect(
            line.update(snapshot, at: .zero)
                == "3/4 draws, 2 of them failed · 4/5 of candidates, 1 of them failed · ETA ?\n")
    }

    @Test func halfAMinuteWithoutProgressIsSaid() {
        var line = ProgressLine(style: .plain)
        let snapshot = ProgressSnapshot(done: 1, total: 2)
        _ = line.update(snapshot, at: .zero)
        _ = line.update(snapshot, at: .seconds(20))
        #expect(line.update(snapshot, at: .seconds(31))?.contains("stalled") == true)
    }

    @Test func withoutUnicodeTheBarIsASCII() {
        var style = terminal
        style.hasUnicode = false
        var line = ProgressLine(style: style)
        let text = visible(line.update(ProgressSnapshot(done: 1, total: 2), at: .zero))[0]
        #expect(text.utf8.allSatisfy { $0 < 128 }, "\(text)")
        #expect(text.contains("[####"))
    }

    @Test func nothingToDoIsComplete() {
        var line = ProgressLine(style: .plain)
        #expect(
            line.finish(ProgressSnapshot(done: 0, total: 0), at: .zero)
                == "0/0 draws · took 0s\n")
    }

    @Test func rateFollowsTheLatestHalfMinute() throws {
        var rates = RateEstimator()
        for second in 0...100 {
            let done = second <= 60 ? second * 100 : 6000 + (second - 60) * 10
            rates.add(ProgressSnapshot(done: done, total: 100_000), at: .seconds(second))
        }
        let rate = try #require(rates.drawsPerSecond)
        #expect(abs(rate - 10) < 0.5)
        let remaining = try #require(rates.remaining)
        #expect(remaining > .seconds(9000) && remaining < .seconds(10_000))
    }

    @Test func standstillHasNoETA() {
        var rates = RateEstimator()
        for second in 0...60 {
            rates.add(ProgressSnapshot(done: 5, total: 10), at: .seconds(second))
        }
        #expect(rates.drawsPerSecond == 0)
        #expect(rates.remaining == nil)
    }

    @Test func manyUpdatesKeepTheWindow() throws {
        var rates = RateEstimator()
        for step in 0...10_000 {
            rates.add(ProgressSnapshot(done: step, total: 20_000), at: .milliseconds(step * 10))
        }
        let rate = try #require(rates.drawsPerSecond)
        #expect(abs(rate - 100) < 1)
    }
}
