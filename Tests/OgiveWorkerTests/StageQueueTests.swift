import OgiveTesting
import Testing

@testable import OgiveWorker

@Suite("Queue between stages", .timeLimit(.minutes(10)))
struct StageQueueTests {
    @Test("Elements come out in order")
    func order() async {
        let queue = StageQueue<Int>()
        for number in 1...3 { queue.push(number) }
        var taken: [Int] = []
        while taken.count < 3, let number = await queue.next() { taken.append(number) }
        #expect(taken == [1, 2, 3])
    }

    @Test("As many are taken as fit, and at least one")
    func batches() async {
        let queue = StageQueue<Int>()
        for number in [9, 1, 2, 3] { queue.push(number) }
        #expect(await queue.next(upTo: 3, size: { $0 }) == [9])
        #expect(await queue.next(upTo: 3, size: { $0 }) == [1, 2])
        #expect(await queue.next(upTo: 3, size: { $0 }) == [3])
    }

    @Test("A waiter gets what comes later")
    func waits() async {
        let queue = StageQueue<Int>()
        async let first = queue.next()
        async let second = queue.next()
        queue.push(1)
        queue.push(2)
        #expect(await Set([first, second]) == [1, 2])
    }

    @Test("Elements that come together fill all slots, though one waiter alone is woken for them")
    func fills() async throws {
        let queue = StageQueue<Int>(capacity: 3)
        try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<5 { group.addTask { await queue.next() } }
            try await eventually("five who wait") { queue.waiters == 5 }
            queue.push([1, 2, 3, 4])
            var taken: Set<Int> = []
            while taken.count < 3, case let number?? = try await group.next() {
                taken.insert(number)
            }
            #expect(taken == [1, 2, 3])
            #expect(queue.load == StageLoad(used: 3, slots: 3, waiting: 1))
            queue.finish()
            #expect(try await group.next() == 4)
            group.cancelAll()
            #expect(try await group.next() == .some(nil))
        }
    }

    @Test("Whoever is done with an element gets the next one in its slot")
    func finishes() async {
        let queue = StageQueue<Int>(capacity: 1)
        queue.push([1, 2])
        #expect(await queue.next() == 1)
        async let other = queue.next()
        #expect(await queue.finishAndNext() == 2)
        #expect(queue.load == StageLoad(used: 1, slots: 1, waiting: 0))
        queue.push(3)
        queue.finish()
        #expect(await other == 3)
    }

    @Test("A waiter that is cancelled after it was woken leaves the work to another one")
    func passesOn() async throws {
        for _ in 0..<20 {
            let queue = StageQueue<Int>()
            async let other = queue.next()
            let taken = try await withThrowingTaskGroup(of: Int?.self) { group in
                group.addTask { await queue.next() }
                try await eventually("two who wait") { queue.waiters == 2 }
                queue.push(1)
                group.cancelAll()
                return try await group.next() ?? nil
            }
            if taken != nil { queue.push(1) }
            #expect(await other == 1)
        }
    }

    @Test("What is removed does not come out")
    func removes() async {
        let queue = StageQueue<Int>()
        for number in 1...4 { queue.push(number) }
        #expect(queue.remove { $0.isMultiple(of: 2) } == [2, 4])
        queue.close()
        #expect(await queue.next() == 1)
        #expect(await queue.next() == 3)
        #expect(await queue.next() == nil)
    }

    @Test("After the end, what is there still comes out, then nothing")
    func closes() async {
        let queue = StageQueue<Int>()
        async let waiter = queue.next()
        queue.close()
        #expect(await waiter == nil)
        #expect(await queue.next() == nil)
    }

    @Test("Cancelled waiters end, and take nothing with them")
    func cancels() async {
        let queue = StageQueue<Int>()
        await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<10 { group.addTask { await queue.next() } }
            group.cancelAll()
            for await taken in group { #expect(taken == nil) }
        }
        queue.push(1)
        #expect(await queue.next() == 1)
    }
}
