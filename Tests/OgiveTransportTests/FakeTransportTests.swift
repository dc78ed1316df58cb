import OgiveCore
import OgiveTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct FakeTransportTests {
    let id = WorkerID(high: 1 << 63, low: 1)

    /// All that is there, once the network is closed.
    func received(_ network: FakeTransport) async -> [WorkerMessage] {
        network.coordinator.close()
        var messages: [WorkerMessage] = []
        for await batch in network.coordinator.incoming { messages += batch.map(\.message) }
        return messages
    }

    @Test func messagesCanBeLostAndDoubled() async {
        let network = FakeTransport()
        let worker = network.connect(id)
        network.setFate { passing in
            guard case .toCoordinator(let sent) = passing else { return .deliver }
            return switch sent.message {
            case .credit(1): .drop
            case .credit(2): .duplicate
            default: .deliver
            }
        }
        for credit in 0..<4 { #expect(await worker.send(.credit(credit)) == .queued) }
        #expect(await received(network) == [.credit(0), .credit(2), .credit(2), .credit(3)])
    }

    @Test func messagesCanBeDelayedAndReordered() async {
        let network = FakeTransport()
        let worker = network.connect(id)
        network.setFate { _ in .hold }
        for credit in 0..<3 { #expect(await worker.send(.credit(credit)) == .queued) }
        network.setFate { _ in .deliver }
        #expect(await worker.send(.credit(3)) == .queued)
        network.release { $0.reversed() }
        network.release()
        #expect(await received(network) == [.credit(3), .credit(2), .credit(1), .credit(0)])
    }

    @Test func aBatchHoldsAllThatIsThere() async {
        let network = FakeTransport()
        let worker = network.connect(id)
        for credit in 0..<3 { #expect(await worker.send(.credit(credit)) == .queued) }
        var iterator = network.coordinator.incoming.makeAsyncIterator()
        #expect(await iterator.next()?.count == 3)
    }

    @Test func aCancelledConsumerGetsTheEnd() async {
        let network = FakeTransport()
        let coordinator = network.coordinator
        await withTaskGroup { group in
            group.addTask {
                for await _ in coordinator.incoming { Issue.record("a message came from nowhere") }
            }
            group.cancelAll()
        }
    }

    @Test func whatTheWireRefusesTheFakeRefuses() async {
        let network = FakeTransport()
        let worker = network.connect(id)
        #expect(await worker.send(.credit(0)) == .queued)
        #expect(await worker.send(.credit(-1)) == .tooLarge)
        #expect(await worker.send(.credit(.max)) == .tooLarge)
        #expect(await received(network) == [.credit(0)])
    }
}
