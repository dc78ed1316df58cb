import OgiveCore
import Testing

@testable import OgiveWorker

@Suite struct EventFeedTests {
    @Test("At its bound the feed makes messages wait, and lets them on as it is read")
    func bound() async {
        let feed = EventFeed()
        await withTaskGroup { group in
            group.addTask {
                for _ in 0..<(EventFeed.eventsMax + 10) { await feed.take(.heartbeat) }
            }
            while feed.count < EventFeed.eventsMax { await Task.yield() }
            for _ in 0..<1_000 { await Task.yield() }
            #expect(feed.count == EventFeed.eventsMax)
            var messages = 0
            while messages < EventFeed.eventsMax + 10 {
                if case .message = await feed.next() { messages += 1 }
            }
            #expect(feed.count == 0)
        }
    }

    @Test("Ticks do not add up")
    func ticks() async {
        let feed = EventFeed()
        for _ in 0..<100 { feed.yield(.tick) }
        #expect(feed.count == 1)
        _ = await feed.next()
        feed.yield(.tick)
        #expect(feed.count == 1)
    }

    @Test("Cancelled, neither side waits any longer")
    func cancels() async {
        let feed = EventFeed()
        await withTaskGroup { group in
            group.addTask { _ = await feed.next() }
            group.cancelAll()
        }
        for _ in 0..<EventFeed.eventsMax { feed.yield(.message(.heartbeat)) }
        await withTaskGroup { group in
            group.addTask { await feed.take(.heartbeat) }
            group.cancelAll()
        }
        #expect(feed.count == EventFeed.eventsMax)
    }
}
