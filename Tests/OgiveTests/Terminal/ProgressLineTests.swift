import Testing

@testable import ogive

@Suite(.timeLimit(.minutes(10)))
struct ProgressLineTests {
    private let terminal = TerminalStyle(isTerminal: true, hasColours: false, width: 80)

    /// The text that a terminal shows of a redrawn line.
    private func visible(_ text: String?) -> String {
        (text ?? "").replacing("\r\u{1b}[2K", with: "")
    }

    @Test func terminalShowsBarCountsRatesFailuresAndETA() {
        var line = ProgressLine(
            style: TerminalStyle(isTerminal: true, hasColours: false, width: 120))
        _ = line.update(ProgressSnapshot(done: 0, total: 1000), at: .zero)
        let text = visible(
            line.update(
                ProgressSnapshot(done: 250, total: 1000, tokens: 5000, failures: 3),
                at: .seconds(10)))
        #expect(text.hasPrefix(" 25% ▕██████"))
        #expect(
            text.hasSuffix(
                "▏  250/1 000 draws, 3 of them failed  25.0 draws/s  ETA 30s  500 tokens/s"),
            "\(text)")
    }

    @Test(arguments: [20, 30, 40, 60, 80, 200])
    func redrawnLineNeverFillsTheTerminal(width: Int) {
        var line = ProgressLine(
            style: TerminalStyle(isTerminal: true, hasColours: false, width: width))
        _ = line.update(ProgressSnapshot(done: 0, total: 10_000_000), at: .zero)
        let text = visible(
            line.update(
                ProgressSnapshot(
                    done: 5_000_000, total: 10_000_000, tokens: 9_999_999, failures: 12),
                at: .seconds(999)))
        // Three columns are free, for the terminal's `^C`.
        #expect(text.count <= width - 3)
        #expect(text.contains("50%"))
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
                == "8/10 draws · 0.30 draws/s · ETA 7s\n")
        #expect(
            line.finish(ProgressSnapshot(done: 10, total: 10), at: .seconds(12))
                == "10/10 draws · 0.42 draws/s · took 12s\n")
    }

    @Test func jsonLineIsOneObject() throws {
        var line = ProgressLine(style: terminal, json: true)
        let update = line.update(ProgressSnapshot(done: 1, total: 4), at: .zero)
        let text = try #require(update)
        let fields = try JSONParser.parse(Array(text.utf8)).fields
        #expect(fields?["draws_done"] == .number("1"))
        #expect(fields?["draws_per_second"] == .null)
        #expect(text.hasSuffix("\n"))
    }

    @Test func otherOutputClearsTheOpenLineOnce() {
        var line = ProgressLine(style: terminal)
        #expect(line.interrupt() == "")
        _ = line.update(ProgressSnapshot(done: 1, total: 2), at: .zero)
        #expect(line.interrupt() == "\r\u{1b}[2K")
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
        let text = visible(line.update(ProgressSnapshot(done: 1, total: 2), at: .zero))
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
