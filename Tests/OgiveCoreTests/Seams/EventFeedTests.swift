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

    @Test("Fault 73: at its bound in bytes the feed makes messages wait, but for one alone")
    func bytes() async {
        let feed = EventFeed<Int>(eventsMax: Self.eventsMax, bytesMax: 10, byteCount: { $0 })
        // Each number is so many bytes.
        let all = [6, 4, 1, 25, 3, 3, 3, 3, 0, 11, 10]
        await withTaskGroup { group in
            group.addTask { await feed.take(all) }
            var read: [Int] = []
            while read.count < all.count, let batch = await feed.nextBatch(max: 20) {
                #expect(batch.count { $0 > 0 } == 1 || batch.reduce(0, +) <= 10)
                read += batch
            }
            #expect(read == all)
        }
        #expect(feed.count == 0)
    }

    @Test("What does not come from outside takes no bytes")
    func ownEvents() async {
        let feed = EventFeed<Int>(eventsMax: Self.eventsMax, bytesMax: 10, byteCount: { $0 })
        feed.yield([50, 60])
        feed.tick(70)
        await feed.take([9])
        #expect(feed.count == 4)
        #expect(await feed.nextBatch(max: 4) == [50, 60, 70, 9])
        await feed.take([10])
        #expect(feed.count == 1)
    }

    @Test("A message is as large as what its texts and lists take")
    func sizes() {
        let text = String(repeating: "x", count: 1 << 20)
        var item = ItemResult(name: .draw(0))
        item.completion = Completion(
            text: text, tokenCount: 1, finishReason: .stop, logProbability: nil)
        let claim = LeaseKeyTests.claim
        let lease = claim.lease
        let held = HeldLease(claim: claim)
        var offer = SimulatedModel.offer
        offer.policies[0].fingerprint = Fingerprint(["fact": text])
        func hello(_ offer: Offer, _ held: [HeldLease]) -> WorkerMessage {
            .hello(Hello(name: "", version: "", offer: offer, credit: 1, inFlight: held))
        }
        let outage = EndpointOutage(
            model: "", endpoint: "", code: .timeout, message: text, lasting: .zero)
        let large: [WorkerMessage] = [
            .result(TaskResult(claim: claim, part: 0, items: [item])), hello(offer, []),
            hello(SimulatedModel.offer, Array(repeating: held, count: 1 << 14)),
            .returned(Array(repeating: lease, count: 1 << 15)), .impaired([outage]),
            .declined(RunID(1), reason: text, []),
        ]
        for message in large { #expect((1 << 20...3 << 20).contains(message.byteCount)) }
        for message in [.credit(1), .heartbeat, .draining, .goodbye] as [WorkerMessage] {
            #expect((1...1_024).contains(message.byteCount))
        }
        let prompt = Prompt(id: PromptID(1), key: "k", content: .text(text), metadata: "{}")
        let granted = Lease(
            name: lease, run: RunID(1), prompt: prompt, seedBase: 0, items: [],
            duration: .seconds(1), proof: .unproved)
        #expect(CoordinatorMessage.lease(granted).byteCount > 1 << 20)
        #expect(CoordinatorMessage.idle(text).byteCount > 1 << 20)
        #expect(CoordinatorMessage.heartbeat.byteCount <= 1_024)
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
