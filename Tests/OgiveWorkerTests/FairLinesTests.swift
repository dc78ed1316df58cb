import OgiveCore
import Testing

@testable import OgiveWorker

@Suite("Lines of runs before slots", .timeLimit(.minutes(10)))
struct FairLinesTests {
    private static let begin = TimePoint(.seconds(10))

    private func after(_ seconds: Int) -> TimePoint { Self.begin + .seconds(seconds) }

    @Test("A run whose call took long is served after the others, first come, first served in each")
    func order() {
        var lines = FairLines<Int>()
        for number in [11, 12] {
            lines.push(number, of: RunID(1), weight: 1, now: Self.begin)
        }
        #expect(lines.takeFirst(now: Self.begin) == 11)
        for number in [21, 22, 23] {
            lines.push(number, of: RunID(2), weight: 1, now: after(1))
        }
        lines.finish(RunID(1), now: after(2))
        for number in [21, 22, 23] {
            #expect(lines.takeFirst(now: after(2)) == number)
            lines.finish(RunID(2), now: after(2))
        }
        // Nobody else wants the slot.
        #expect(lines.takeFirst(now: after(2)) == 12)
        #expect(lines.takeFirst(now: after(2)) == nil)
        #expect(lines.count == 0)
    }

    @Test("A run that had nothing in line does not get the time that it did not ask for")
    func claim() throws {
        var lines = FairLines<Int>()
        lines.push(21, of: RunID(2), weight: 1, now: Self.begin)
        #expect(lines.takeFirst(now: Self.begin) == 21)
        lines.finish(RunID(2), now: Self.begin)
        for number in 0..<100 {
            lines.push(number, of: RunID(1), weight: 1, now: after(number))
            #expect(lines.takeFirst(now: after(number)) == number)
            lines.finish(RunID(1), now: after(number + 1))
        }
        var taken: [Int64: Int] = [:]
        for second in 100..<140 {
            lines.push(1, of: RunID(1), weight: 1, now: after(second))
            lines.push(2, of: RunID(2), weight: 1, now: after(second))
            let first = lines.takeFirst(now: after(second))
            let run = Int64(try #require(first))
            lines.finish(RunID(run), now: after(second + 1))
            taken[run, default: 0] += 1
        }
        #expect(abs((taken[1] ?? 0) - (taken[2] ?? 0)) <= 2)
    }

    @Test("While all have work, each gets slot time by its weight, whatever its calls take")
    func weights() throws {
        var lines = FairLines<Int>()
        let calls: [RunID: Duration] = [RunID(1): .milliseconds(100), RunID(2): .seconds(3)]
        for number in 0..<2_000 {
            lines.push(1, of: RunID(1), weight: 3, now: Self.begin)
            if number < 200 { lines.push(2, of: RunID(2), weight: 1, now: Self.begin) }
        }
        var now = Self.begin
        var times: [RunID: Double] = [:]
        while now < after(100) {
            let first = lines.takeFirst(now: now)
            let run = RunID(Int64(try #require(first)))
            let call = calls[run] ?? .zero
            now = now + call
            lines.finish(run, now: now)
            times[run, default: 0] += call / .seconds(1)
        }
        #expect(abs((times[RunID(1)] ?? 0) - 75) <= 6, "\(times)")
    }

    @Test("What is removed is not served")
    func removes() {
        var lines = FairLines<Int>()
        for number in 1...3 { lines.push(number, of: RunID(1), weight: 1, now: Self.begin) }
        lines.push(4, of: RunID(2), weight: 1, now: Self.begin)
        #expect(lines.remove { $0 % 2 == 0 } == [2, 4])
        #expect(lines.take(now: Self.begin, upTo: 2, size: { _ in 1 }) == [1, 3])
        #expect(lines.takeFirst(now: Self.begin) == nil)
    }

    @Test("Runs share alike also after a run of little weight was alone for a day")
    func longAlone() throws {
        for weight in [1e-6, 1, 1e6] {
            var lines = FairLines<Int>()
            var now = TimePoint.zero
            lines.push(0, of: RunID(1), weight: weight, now: now)
            _ = lines.takeFirst(now: now)
            now = now + .seconds(86_400)
            lines.finish(RunID(1), now: now)
            lines.push(0, of: RunID(1), weight: weight, now: now)
            _ = lines.takeFirst(now: now)
            lines.finish(RunID(1), now: now)
            var served = [0, 0]
            for place in 0..<200 {
                for run in [2, 3] { lines.push(run, of: RunID(Int64(run)), weight: 1e6, now: now) }
                let first = lines.takeFirst(now: now)
                let taken = try #require(first)
                if place >= 100 { served[taken - 2] += 1 }
                now = now + .milliseconds(10)
                lines.finish(RunID(Int64(taken)), now: now)
            }
            #expect(abs(served[0] - served[1]) <= 2, "\(served) after weight \(weight)")
        }
    }
}
