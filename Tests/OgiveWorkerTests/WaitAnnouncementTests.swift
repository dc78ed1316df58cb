import OgiveCore
import Testing

@testable import OgiveWorker

@Suite("A worker that waits for a coordinator", .timeLimit(.minutes(10)))
struct WaitAnnouncementTests {
    private static func at(_ seconds: Double) -> TimePoint { TimePoint(.seconds(seconds)) }

    @Test func `It says so once, after its patience`() {
        var wait = WaitAnnouncement(after: .seconds(3), now: Self.at(10))
        let due = [10, 12.9, 13, 14, 99].map { wait.isDue(isRegistered: false, now: Self.at($0)) }
        #expect(due == [false, false, true, false, false])
    }

    @Test func `It says nothing once it was registered, nor after it lost its coordinator`() {
        var wait = WaitAnnouncement(after: .seconds(3), now: Self.at(0))
        let due = [(true, 1.0), (false, 50)].map {
            wait.isDue(isRegistered: $0.0, now: Self.at($0.1))
        }
        #expect(due == [false, false])
    }
}
