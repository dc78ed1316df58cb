import Testing

@testable import ZeroMQ

@Suite(.timeLimit(.minutes(10)))
struct OptionTests {
    @Test(arguments: [
        ZeroMQOption.linger(.zero), .linger(ZeroMQOption.lingerMax), .sendHighWaterMark(1),
        .receiveHighWaterMark(1_000_000), .routingID([0]),
        .routingID(Array(repeating: 0, count: 16)),
        .routerMandatory(true), .routerHandover(true), .immediate(true),
        .heartbeatInterval(.seconds(5)), .heartbeatTimeout(.seconds(15)),
        .heartbeatTimeToLive(.seconds(60)), .handshakeInterval(.seconds(5)),
        .reconnectInterval(.milliseconds(100)), .reconnectIntervalMax(.seconds(10)),
        .frameBytesMax(1 << 30), .authenticationDomain("ogive"), .authenticationEnforced(true),
    ])
    func `a value in its range is accepted`(option: ZeroMQOption) throws {
        let socket = try ZeroMQSocket.open(try ZeroMQContext(), .router, options: [option])
        socket.close()
    }

    @Test(arguments: [
        ZeroMQOption.linger(.seconds(61)), .linger(.seconds(-1)), .sendHighWaterMark(0),
        .sendHighWaterMark(-1), .receiveHighWaterMark(0), .receiveHighWaterMark(.max),
        .routingID([]), .routingID([UInt8](repeating: 1, count: 256)), .routingID([0, 1, 2, 3, 4]),
        .heartbeatTimeToLive(.milliseconds(60_001)), .heartbeatTimeToLive(.seconds(-1)),
        .heartbeatInterval(.seconds(Int64.max)), .reconnectInterval(.seconds(-1)),
        .frameBytesMax(0), .frameBytesMax(-1), .authenticationDomain(""),
        .subscription([1]),
    ])
    func `a value out of its range is refused`(option: ZeroMQOption) throws {
        let context = try ZeroMQContext()
        #expect {
            _ = try ZeroMQSocket.open(context, .router, options: [option]).lastAddress()
        } throws: {
            ($0 as? ZeroMQError)?.code == .invalidOption
        }
    }

    @Test func `a begun millisecond counts as whole`() {
        #expect(Duration.microseconds(1).millisecondsRoundedUp == 1)
        #expect(Duration.milliseconds(1500).millisecondsRoundedUp == 1500)
        #expect(Duration.zero.millisecondsRoundedUp == 0)
        #expect(Duration.seconds(Int64.max).millisecondsRoundedUp == .max)
    }
}
