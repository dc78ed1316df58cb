import Logging
import NIOCore
import NIOPosix
import OgiveCore
import OgiveTesting
import Synchronization
import Testing

@testable import OgiveDashboard

/// The dashboard over real connections, of visitors who mean it no good.
@Suite(.timeLimit(.minutes(10))) struct DashboardServerTests {
    /// A dashboard on a port of its own, while `body` runs.
    private func serving(
        _ reader: FakeReader = FakeReader(),
        _ adjust: (inout DashboardServer.Limits) -> Void = { _ in },
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        var limits = DashboardServer.Limits()
        adjust(&limits)
        let server = DashboardServer(
            DashboardSite(reader), at: .init(host: "127.0.0.1", port: 0, key: "test"),
            mayRead: nil, limits: limits,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup { group in
            group.addTask { try await server.run { found.yield($0) } }
            group.addTask {
                for await port in ports { return try await body(port) }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func request(
        _ path: String, method: String = "GET", _ headers: String = ""
    ) -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n"
    }

    /// The first line of the answer, once it is there.
    private func status(_ text: String, _ port: Int) async throws -> String {
        let client = try await Visitor(port)
        defer { client.close() }
        try await client.send(text)
        try await eventually("an answer") { client.text.contains("\r\n") }
        return String(client.text.prefix { $0 != "\r\n" })
    }

    @Test func `Asking for the head of live numbers takes none of their streams`() async throws {
        try await serving(FakeReader(), { $0.streamsMax = 1 }) { port in
            for _ in 0..<3 {
                let head = try await status(request("/events", method: "HEAD"), port)
                #expect(head == "HTTP/1.1 200 OK")
            }
            #expect(try await status(request("/events"), port) == "HTTP/1.1 200 OK")
        }
    }

    @Test(arguments: [
        ("POST", "Content-Length: 100000\r\n", "405"), ("GET", "Content-Length: 5\r\n", "413"),
        ("GET", "Transfer-Encoding: chunked\r\n", "413"), ("DELETE", "", "405"),
        ("GET", "Sec-Fetch-Site: cross-site\r\n", "403"),
    ])
    func `Who is refused keeps no connection`(
        method: String, header: String, code: String
    ) async throws {
        // Idle connections stay for longer than this waits.
        try await serving(FakeReader(), { $0.idleMax = .seconds(200) }) { port in
            let client = try await Visitor(port)
            try await client.send(request("/", method: method, header))
            try await eventually("the end of the connection", within: .seconds(100)) {
                client.isClosed
            }
            #expect(client.text.hasPrefix("HTTP/1.1 \(code) "), "\(client.text)")
            #expect(client.text.lowercased().contains("\r\nconnection: close\r\n"))
        }
    }

    @Test func `Who is answered may ask again`() async throws {
        try await serving { port in
            let client = try await Visitor(port)
            for count in 1...3 {
                try await client.send(request("/static/icon.svg", "Content-Length: 0\r\n"))
                try await eventually("answer \(count)") {
                    client.text.ranges(of: "</svg>").count == count
                }
            }
            #expect(!client.isClosed)
            client.close()
        }
    }

    @Test func `Who reads no answer is not waited for`() async throws {
        let long = FakeReader(text: String(repeating: "x", count: 8_000_000))
        let limits: (inout DashboardServer.Limits) -> Void = {
            $0.connectionsMax = 1
            $0.answerMax = .seconds(1)
        }
        try await serving(long, limits) { port in
            let idle = try await Visitor(port, reads: false)
            try await idle.send(request("/runs/7/prompts/2/draws/1/text"))
            // The only place is free again.
            #expect(try await status(request("/static/icon.svg"), port) == "HTTP/1.1 200 OK")
            idle.close()
        }
    }

    @Test func `A long text is read no faster than it is taken`() async throws {
        let parts = Mutex(0)
        var long = FakeReader()
        long.length = DashboardSite.textMax
        long.reading = { parts.withLock { $0 += 1 } }
        let limits: (inout DashboardServer.Limits) -> Void = {
            $0.connectionsMax = 1
            $0.answerMax = .seconds(3)
        }
        try await serving(long, limits) { port in
            let slow = try await Visitor(port, reads: false)
            try await slow.send(request("/runs/7/prompts/2/draws/1/text"))
            try await eventually("the first part") { parts.withLock { $0 } > 0 }
            // The only place is free again, so nothing more is read.
            #expect(try await status(request("/static/icon.svg"), port) == "HTTP/1.1 200 OK")
            slow.close()
        }
        // What buffers of the system hold on the way, and two parts.
        let all = DashboardSite.textMax / DashboardSite.partMax
        #expect(parts.withLock { $0 } < all / 2, "of \(all)")
    }

    @Test func `A text that is read by parts comes whole, with its length`() async throws {
        let text = String(repeating: "aé€😀\u{301}", count: DashboardSite.partMax / 2)
        try await serving(FakeReader(text: text)) { port in
            let client = try await Visitor(port)
            try await client.send(request("/runs/7/prompts/2/draws/1/text"))
            try await eventually("the whole text") { client.count >= text.utf8.count + 100 }
            let answer = client.text
            #expect(answer.hasSuffix("\r\n\r\n" + text))
            #expect(answer.lowercased().contains("content-length: \(text.utf8.count)\r\n"))
            let head = try await status(
                request("/runs/7/prompts/2/draws/1/text", method: "HEAD"), port)
            #expect(head == "HTTP/1.1 200 OK")
            client.close()
        }
    }

    @Test(arguments: [
        ("", true), ("Sec-Fetch-Site: none\r\n", true), ("Sec-Fetch-Site: same-origin\r\n", true),
        ("Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n", false),
        ("Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\n", false),
        ("Sec-Fetch-Site: cross-site\r\n", false), ("Sec-Fetch-Site: other\r\n", false),
        // A link to a page, and a page within another one.
        (
            "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
                + "Sec-Fetch-Dest: document\r\n", true
        ),
        (
            "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
                + "Sec-Fetch-Dest: iframe\r\n", false
        ),
    ])
    func `Pages of other sites read nothing, and links to pages work`(
        headers: String, isAnswered: Bool
    ) async throws {
        try await serving { port in
            for path in ["/", "/runs/7", "/static/dashboard.js"] {
                let line = try await status(request(path, headers), port)
                #expect(line == (isAnswered ? "HTTP/1.1 200 OK" : "HTTP/1.1 403 Forbidden"))
            }
        }
    }
}

/// A connection on which a test writes bytes as it likes.
private final class Visitor: Sendable {
    private let channel: any Channel
    private let collector: Collector

    /// Connects. Without `reads` it takes nothing that the other side sends.
    init(_ port: Int, reads: Bool = true) async throws {
        let collector = Collector()
        channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(collector.handler())
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        self.collector = collector
        channel.closeFuture.whenComplete { _ in
            collector.isClosed.store(true, ordering: .relaxed)
        }
    }

    /// What came.
    var text: String { String(decoding: collector.bytes.withLock { $0 }, as: UTF8.self) }

    /// How many bytes came.
    var count: Int { collector.bytes.withLock { $0.count } }

    /// Whether the connection is closed.
    var isClosed: Bool { collector.isClosed.load(ordering: .relaxed) }

    func send(_ text: String) async throws {
        try await channel.writeAndFlush(channel.allocator.buffer(string: text))
    }

    func close() {
        channel.close(promise: nil)
    }
}

/// What came over a connection.
private final class Collector: Sendable {
    let bytes = Mutex<[UInt8]>([])
    let isClosed = Atomic(false)

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
