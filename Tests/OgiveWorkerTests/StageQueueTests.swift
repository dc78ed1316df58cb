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
