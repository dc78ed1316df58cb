import OgiveCore
import OgiveTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct EventFeedTests {
    private static let eventsMax = 100

    private func feed() -> EventFeed<Int> { EventFeed(eventsMax: Self.eventsMax) }

    @Test("At its bound the feed makes messages wait, and lets them on as it is read")
    func bound() async throws {
        let feed = feed()
        try await withThrowingTaskGroup { group in
            group.addTask {
                for _ in 0..<(Self.eventsMax + 10) { await feed.take(1) }
            }
            try await eventually("a full feed") { feed.count >= Self.eventsMax }
            #expect(feed.count == Self.eventsMax)
            var messages = 0
            while messages < Self.eventsMax + 10 {
                #expect(feed.count <= Self.eventsMax)
                if await feed.next() == 1 { messages += 1 }
            }
            #expect(feed.count == 0)
        }
    }

    @Test("A batch holds what waits, in order, and leaves the rest")
    func batches() async {
        let feed = feed()
        await feed.take([1, 2, 3])
        feed.yield(4)
        feed.tick(5)
        #expect(await feed.nextBatch(max: 3) == [1, 2, 3])
        #expect(await feed.nextBatch(max: 3) == [4, 5])
        feed.tick(6)
        #expect(await feed.nextBatch(max: 3) == [6])
    }

    @Test("More messages than there is room for are let in as the feed is read")
    func batchBound() async {
        let feed = feed()
        let all = Array(0..<(3 * Self.eventsMax))
        await withTaskGroup { group in
            group.addTask { await feed.take(all) }
            var read: [Int] = []
            while read.count < all.count, let batch = await feed.nextBatch(max: 7) {
                #expect(feed.count <= Self.eventsMax)
                read += batch
            }
            #expect(read == all)
        }
    }

    @Test("Ticks do not add up")
    func ticks() async {
        let feed = feed()
        for _ in 0..<100 { feed.tick(0) }
        #expect(feed.count == 1)
        _ = await feed.next()
        feed.tick(0)
        #expect(feed.count == 1)
    }

    @Test("Cancelled, neither side waits any longer")
    func cancels() async {
        let feed = feed()
        await withTaskGroup { group in
            group.addTask { _ = await feed.next() }
            group.cancelAll()
        }
        for _ in 0..<Self.eventsMax { feed.yield(1) }
        await withTaskGroup { group in
            group.addTask { await feed.take(1) }
            group.cancelAll()
        }
        #expect(feed.count == Self.eventsMax)
    }
}
