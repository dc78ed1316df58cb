import Testing

@testable import ZeroMQ

@Suite("A fair queue", .timeLimit(.minutes(10)))
struct FairQueueTests {
    private func message(_ peer: UInt8, _ text: String) -> ZeroMQMessage {
        ZeroMQMessage([[peer], Array(text.utf8)])
    }

    private func texts(_ batch: [ZeroMQMessage]) -> [String] {
        batch.map { String(decoding: $0.frames.last ?? [], as: UTF8.self) }
    }

    @Test func `a peer that sends without pause does not hold up another one`() {
        var queue = FairQueue(namesPeers: true)
        for number in 1...10_000 { queue.append(message(7, "flood \(number)")) }
        queue.append(message(8, "first"))
        queue.append(message(8, "second"))
        let batch = queue.take(countMax: 4, bytesMax: .max)
        #expect(texts(batch) == ["flood 1", "first", "flood 2", "second"])
        #expect(queue.count == 9_998)
    }

    @Test func `messages of one peer stay in order, and none is lost`() {
        var queue = FairQueue(namesPeers: true)
        for number in 0..<300 { queue.append(message(UInt8(number % 3), "\(number)")) }
        var taken: [ZeroMQMessage] = []
        while !queue.isEmpty { taken += queue.take(countMax: 7, bytesMax: .max) }
        for peer in 0..<3 as Range<UInt8> {
            let own = texts(taken.filter { $0.frames[0] == [peer] })
            #expect(own == stride(from: Int(peer), to: 300, by: 3).map { "\($0)" })
        }
        #expect(queue.count == 0 && queue.byteCount == 0)
    }

    @Test func `a batch ends with the message that fills its bytes`() {
        var queue = FairQueue(namesPeers: true)
        for number in 0..<4 { queue.append(message(UInt8(number), "123456789")) }
        #expect(queue.byteCount == 40)
        #expect(queue.take(countMax: 100, bytesMax: 15).count == 2)
        #expect(queue.byteCount == 20)
    }

    @Test func `without names all messages are those of one peer`() {
        var queue = FairQueue(namesPeers: false)
        for number in 0..<4 { queue.append(message(UInt8(number % 2), "\(number)")) }
        #expect(texts(queue.take(countMax: 9, bytesMax: .max)) == ["0", "1", "2", "3"])
    }

    @Test func `a channel hands over a batch at a time, and reads again when there is room`() {
        var configuration = ZeroMQChannelConfiguration(
            name: "fair", type: .router, addresses: [])
        configuration.incomingMax = 6
        configuration.batchMax = 4
        var state = ChannelState(configuration)
        state.start()
        #expect(state.deliver((1...5).map { message(7, "flood \($0)") }) == nil)
        #expect(state.deliver([message(8, "one")]) == nil)
        #expect(state.takeTurn().countMax == 0)
        let first = state.takeBatch()
        #expect(texts(first?.batch ?? []) == ["flood 1", "one", "flood 2", "flood 3"])
        #expect(first?.wakes == true)
        #expect(state.takeTurn().countMax == 4)
        #expect(texts(state.takeBatch()?.batch ?? []) == ["flood 4", "flood 5"])
    }
}
