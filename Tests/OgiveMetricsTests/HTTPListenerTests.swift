import Logging
import Metrics
import NIOCore
import NIOPosix
import OgiveCore
import OgiveTesting
import Synchronization
import Testing

@testable import OgiveMetrics

/// The monitoring pages over real connections, good ones and bad ones.
@Suite(.timeLimit(.minutes(10))) struct HTTPListenerTests {
    private static let secret = "0123456789abcdef-secret"

    /// A listener on a port of its own, while `body` runs.
    private func serving(
        _ adjust: (inout HTTPListener.Limits) -> Void = { _ in }, token: String? = nil,
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        var limits = HTTPListener.Limits()
        limits.timeMax = .seconds(300)
        adjust(&limits)
        let pages = MonitoringPages(
            registry: MetricsRegistry(), pulse: Pulse(), readiness: Readiness(),
            token: token.flatMap(BearerToken.init))
        let address = try #require(ListenAddress("127.0.0.1:0"))
        let listener = HTTPListener(
            address, key: "coordinator.http.listen", pages: pages, limits: limits,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup { group in
            group.addTask { try await listener.run { found.yield($0) } }
            group.addTask {
                for await port in ports { return try await body(port) }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func get(_ target: String, _ headers: String = "") -> String {
        "GET \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(headers)\r\n"
    }

    @Test func `A page is answered, and the connection is closed`() async throws {
        try await serving { [self] port in
            let answer = try await RawClient.exchange(get("/metrics"), with: port)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n" + answer.body))
            #expect(answer.body.contains("# TYPE ogive_event_loop_age_seconds gauge\n"))
            let head = try await RawClient.exchange(
                get("/healthz").replacing("GET", with: "HEAD"), with: port)
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && head.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func `A request that comes in pieces is answered`() async throws {
        try await serving { [self] port in
            let client = try await RawClient(port)
            for character in get("/healthz") { try await client.send(String(character)) }
            #expect(try await client.answer().body == "ok\nstarting\n")
        }
    }

    @Test func `A wrong token is refused, and the right one is not`() async throws {
        try await serving(token: Self.secret) { [self] port in
            let wrong = get("/metrics", "Authorization: Bearer wrong-wrong-wrong\r\n")
            #expect(try await RawClient.exchange(wrong, with: port).hasPrefix("HTTP/1.1 401 "))
            let right = "Authorization: Bearer \(Self.secret)\r\n"
            let answer = try await RawClient.exchange(get("/metrics", right), with: port)
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
            // Which of two holds would be a guess.
            let twice = get("/metrics", right + "Authorization: Bearer x\r\n")
            #expect(try await RawClient.exchange(twice, with: port).hasPrefix("HTTP/1.1 401 "))
        }
    }

    @Test(arguments: [
        "\0\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET /metrics HTTP/9.9\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nbad header\r\n\r\n", "SSH-2.0-client\r\n\r\n",
    ])
    func `What is no request gets no page`(text: String) async throws {
        try await serving { port in
            let answer = try await RawClient.exchange(text, with: port)
            #expect(!answer.contains(" 200 "))
        }
    }

    @Test(arguments: ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"])
    func `A body is not waited for`(header: String) async throws {
        try await serving { [self] port in
            let answer = try await RawClient.exchange(get("/metrics", header), with: port)
            #expect(answer.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test func `A request within the bound is answered, and a longer one is not`() async throws {
        try await serving { [self] port in
            let bound = HTTPListener.Limits().requestBytesMax
            let fits = "X-Long: \(String(repeating: "a", count: bound - 100))\r\n"
            #expect(
                try await RawClient.exchange(get("/healthz", fits), with: port)
                    .hasPrefix("HTTP/1.1 200 "))
            let long = "X-Long: \(String(repeating: "a", count: bound))\r\n"
            let answer = try await RawClient.exchange(get("/healthz", long), with: port)
            #expect(!answer.contains(" 200 "))
            let target = "/" + String(repeating: "a", count: bound)
            #expect(!(try await RawClient.exchange(get(target), with: port)).contains(" 404 "))
        }
    }

    @Test func `Only the first request of a connection is answered`() async throws {
        try await serving { [self] port in
            let three = String(repeating: get("/healthz"), count: 3)
            let answer = try await RawClient.exchange(three, with: port)
            #expect(answer.ranges(of: "HTTP/1.1").count == 1)
        }
    }

    @Test func `One who says nothing is not waited for`() async throws {
        try await serving({ $0.timeMax = .milliseconds(200) }) { port in
            let client = try await RawClient(port)
            try await client.send("GET /metr")
            #expect(try await client.answer() == "")
        }
    }

    @Test func `Too many connections are turned away, until one ends`() async throws {
        try await serving({ $0.connectionsMax = 2 }) { [self] port in
            // Connections are taken in no certain order, so one that asks may hold a place while
            // one that is to stay is turned away: then another one comes.
            var idle: [RawClient] = []
            try await eventually("both places to be taken") {
                idle.append(try await RawClient(port))
                return try await RawClient.exchange(get("/healthz"), with: port) == ""
            }
            for client in idle { client.close() }
            try await eventually("room for another one") {
                try await RawClient.exchange(get("/healthz"), with: port).contains(" 200 ")
            }
        }
    }

    @Test func `A port that is taken ends the listener, which says what to do`() async throws {
        try await serving { port in
            let pages = MonitoringPages(
                registry: MetricsRegistry(), pulse: Pulse(), readiness: Readiness())
            let address = try #require(ListenAddress("127.0.0.1:\(port)"))
            let second = HTTPListener(
                address, key: "worker.http.listen", pages: pages,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let failure = await #expect(throws: HTTPListener.Failure.self) {
                try await second.run()
            }
            #expect(failure?.message.contains("`worker.http.listen`") == true)
        }
    }
}

extension String {
    /// What follows the head of an answer.
    fileprivate var body: String {
        ranges(of: "\r\n\r\n").first.map { String(self[$0.upperBound...]) } ?? ""
    }
}

/// A connection on which a test writes bytes as it likes.
private struct RawClient {
    private let channel: any Channel
    private let collector: Collector

    init(_ port: Int) async throws {
        let collector = Collector()
        channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(collector.handler())
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        self.collector = collector
    }

    /// Sends a text; one that nobody takes any more is lost.
    func send(_ text: String) async throws {
        try? await channel.writeAndFlush(channel.allocator.buffer(string: text))
    }

    /// What came until the other side closed the connection.
    func answer() async throws -> String {
        try? await channel.closeFuture.get()
        return String(decoding: collector.bytes.withLock { $0 }, as: UTF8.self)
    }

    func close() {
        channel.close(promise: nil)
    }

    /// Sends a text, and answers with what came until the connection was closed.
    static func exchange(_ text: String, with port: Int) async throws -> String {
        let client = try await RawClient(port)
        try await client.send(text)
        return try await client.answer()
    }
}

/// What came over a connection.
private final class Collector: Sendable {
    let bytes = Mutex<[UInt8]>([])

    func handler() -> Handler { Handler(self) }

    final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let collector: Collector

        init(_ collector: Collector) {
            self.collector = collector
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            collector.bytes.withLock { $0 += buffer.readableBytesView }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
