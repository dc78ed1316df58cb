import Testing

@testable import ogive

/// What a flood of events leaves in a log.
@Suite(.timeLimit(.minutes(10))) struct LogQuotaTests {
    private func seconds(_ number: Double) -> Duration { .seconds(number) }

    @Test("Fault 49: a peer causes as many lines as it can, and few are written")
    func flood() {
        var quota = LogQuota()
        let written = (0..<3_000).count { _ in quota.admits("registered", of: "a", at: .zero) }
        #expect(written == LogQuota.linesOfPeerMax)
        // Another peer is still heard, and another kind of event.
        let others = [
            quota.admits("registered", of: "b", at: .zero),
            quota.admits("lost", of: "a", at: .zero),
        ]
        #expect(others == [true, true])
        let rests = [seconds(9), LogQuota.period, LogQuota.period].map { quota.takeRests(at: $0) }
        // Logged once, when the period is over.
        #expect(rests.map(\.count) == [0, 1, 0])
        #expect(rests[1] == [.init(kind: "registered", count: 3_000 - LogQuota.linesOfPeerMax)])
        let isHeardAgain = quota.admits("registered", of: "a", at: LogQuota.period)
        #expect(isHeardAgain)
    }

    @Test("Fault 49: peers that are new each time are bounded together")
    func newNames() {
        var quota = LogQuota()
        var written = 0
        for number in 0..<10_000 {
            // A hundred a second.
            let now = seconds(Double(number) / 100)
            if quota.admits("registered", of: "\(number)", at: now) { written += 1 }
        }
        #expect(written == 10 * LogQuota.linesMax)
        let rest = quota.takeRests(at: nil)
        #expect(rest == [.init(kind: "registered", count: 10_000 - written)])
    }

    @Test("Fault 49: kinds without end are bounded together")
    func newKinds() {
        var quota = LogQuota()
        let written = (0..<10_000).count { quota.admits("kind \($0)", of: nil, at: .zero) }
        #expect(written == LogQuota.kindsMax + LogQuota.linesMax)
    }

    @Test func `A calm log is written whole`() {
        var quota = LogQuota()
        let written = (0..<1_000).count { quota.admits("a", of: "b", at: seconds(Double($0) * 3)) }
        #expect(written == 1_000)
        let rests = quota.takeRests(at: nil)
        #expect(rests.isEmpty)
    }
}
