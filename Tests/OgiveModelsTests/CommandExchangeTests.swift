import OgiveCore
import Testing

@testable import OgiveModels

@Suite(.timeLimit(.minutes(10))) struct CommandExchangeTests {
    private typealias Answer = (Int, Result<Score, ModelError>)

    @Test("At its bound the exchange takes nothing more, until something is forgotten")
    func bound() {
        let exchange = CommandExchange()
        let (_, answers) = AsyncStream.makeStream(of: Answer.self)
        func submit() -> Int? { exchange.submit(place: 0, answers: answers) { _ in [10] } }
        for _ in 0..<CommandExchange.pendingMax { #expect(submit() != nil) }
        #expect(submit() == nil)
        exchange.forget([5])
        #expect(submit() == CommandExchange.pendingMax)
        #expect(submit() == nil)
    }

    @Test("Lines of requests that were forgotten are never written, and take no room")
    func forgotten() {
        let exchange = CommandExchange()
        let (_, answers) = AsyncStream.makeStream(of: Answer.self)
        let ids = (0..<3).compactMap { _ in
            exchange.submit(place: 0, answers: answers) { [UInt8($0)] }
        }
        exchange.forget([ids[0], ids[2]])
        #expect(exchange.nextLine() == [1])
        #expect(exchange.nextLine() == nil)
    }

    @Test("Bytes that wait to be written are bounded")
    func bytes() {
        let exchange = CommandExchange()
        let (_, answers) = AsyncStream.makeStream(of: Answer.self)
        let line = [UInt8](repeating: 32, count: 16 << 20)
        var count = 0
        while exchange.submit(place: 0, answers: answers, encode: { _ in line }) != nil {
            count += 1
        }
        #expect(count == CommandExchange.lineBytesMax / line.count)
        #expect(exchange.nextLine() == line)
        #expect(exchange.submit(place: 0, answers: answers) { _ in line } != nil)
    }
}
