import DedicatedThread
import Testing

@testable import ZeroMQ

@Suite(.timeLimit(.minutes(10)))
@PollingThread struct LifetimeTests {
    @Test func `a hundred contexts open and close without hanging`() throws {
        for _ in 0..<100 {
            let context = try ZeroMQContext()
            let router = try ZeroMQSocket.open(context, .router)
            let dealer = try ZeroMQSocket.open(context, .dealer, options: [.linger(.zero)])
            try dealer.connect(try bindLoopback(router))
            #expect(try dealer.send([[1]]) == .sent)
        }
    }

    @Test func `closing with messages that nobody takes ends within the linger`() throws {
        let start = ContinuousClock.now
        do {
            let context = try ZeroMQContext()
            let push = try ZeroMQSocket.open(
                context, .push, options: [.linger(.milliseconds(200))])
            try push.connect("tcp://127.0.0.1:9")
            for _ in 0..<10 { #expect(try push.send([[1]]) == .sent) }
            push.close()
        }
        #expect(ContinuousClock.now - start < patience)
    }

    @Test func `closing sends what was accepted before`() throws {
        let context = try ZeroMQContext()
        let pull = try ZeroMQSocket.open(context, .pull)
        let address = try bindLoopback(pull)
        do {
            let push = try ZeroMQSocket.open(context, .push, options: [.linger(patience)])
            try push.connect(address)
            for number in 0..<500 { #expect(try push.send([frame("\(number)")]) == .sent) }
            push.close()
        }
        for number in 0..<500 {
            #expect(try nextMessage(pull)?.frames == [frame("\(number)")])
        }
    }

    @Test func `a poll returns when its wake descriptor is signalled`() throws {
        let socket = try ZeroMQSocket.open(try ZeroMQContext(), .pull)
        let (quiet, loud) = (try WakeDescriptor(), try WakeDescriptor())
        loud.signal()
        let ready = try socket.poll(for: .readable, wakes: [quiet, loud], timeout: nil)
        #expect(ready == ZeroMQReadiness(events: [], woken: [false, true]))
        loud.drain()
        let later = try socket.poll(for: .readable, wakes: [quiet, loud], timeout: .zero)
        #expect(later == ZeroMQReadiness(events: [], woken: [false, false]))
    }

    @Test func `a poll says what the socket is ready for`() throws {
        let context = try ZeroMQContext()
        let one = try ZeroMQSocket.open(context, .pair)
        let two = try ZeroMQSocket.open(context, .pair)
        try one.bind("inproc://pair")
        try two.connect("inproc://pair")
        #expect(try one.send([[1]]) == .sent)
        let ready = try two.poll(for: [.readable, .writable], wakes: [], timeout: patience)
        #expect(ready.events == [.readable, .writable])
    }
}
