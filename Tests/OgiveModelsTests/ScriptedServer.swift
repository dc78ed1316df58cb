import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// An HTTP server whose answers a test writes; on a port of its own.
final class ScriptedServer: Sendable {
    /// A request as it came.
    struct Request: Sendable {
        var method: String
        var path: String
        var headers: HTTPHeaders
        var body: String
    }

    /// What the server does with a request.
    enum Reply: Sendable {
        case answer(status: Int, body: String, headers: [(String, String)] = [])
        /// Sends nothing and keeps the connection.
        case silence
        /// Closes the connection in the middle of the answer.
        case hangUp

        static func json(_ body: String) -> Reply { .answer(status: 200, body: body) }
    }

    let url: String
    private let channel: any Channel
    private let log: RequestLog

    /// What came so far.
    var requests: [Request] { log.requests.withLock { $0 } }
    /// How many connections ended so far.
    var closedConnections: Int { log.closed.load(ordering: .sequentiallyConsistent) }

    private init(channel: any Channel, log: RequestLog) {
        self.channel = channel
        self.log = log
        url = "http://127.0.0.1:\(channel.localAddress?.port ?? 0)"
    }

    /// Serves while `body` runs; by TLS, when there is a context for it.
    static func serving<Value>(
        security: NIOSSLContext? = nil,
        _ script: @escaping @Sendable (Request) -> Reply,
        _ body: (ScriptedServer) async throws -> Value
    ) async throws -> Value {
        let log = RequestLog()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let security {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLServerHandler(context: security))
                    }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        ScriptHandler(script: script, log: log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = ScriptedServer(channel: channel, log: log)
        do {
            let value = try await body(server)
            try await channel.close()
            return value
        } catch {
            try? await channel.close()
            throw error
        }
    }
}

/// The requests that a scripted server saw, and the connections that ended.
final class RequestLog: Sendable {
    let requests = Mutex<[ScriptedServer.Request]>([])
    let closed = Atomic(0)
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let script: @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply
    private let log: RequestLog
    private var current: ScriptedServer.Request?

    init(
        script: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply,
        log: RequestLog
    ) {
        self.script = script
        self.log = log
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            current = .init(
                method: head.method.rawValue, path: head.uri, headers: head.headers, body: "")
        case .body(let part):
            current?.body += String(buffer: part)
        case .end:
            guard let request = current else { return }
            log.requests.withLock { $0.append(request) }
            reply(script(request), context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        log.closed.add(1, ordering: .sequentiallyConsistent)
        context.fireChannelInactive()
    }

    private func reply(_ reply: ScriptedServer.Reply, _ context: ChannelHandlerContext) {
        switch reply {
        case .silence:
            return
        case .hangUp:
            var head = HTTPResponseHead(version: .http1_1, status: .ok)
            head.headers.add(name: "Content-Length", value: "1000")
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            let part = ByteBuffer(string: "{\"choi")
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(part))), promise: nil)
            context.close(promise: nil)
        case .answer(let status, let body, let headers):
            var head = HTTPResponseHead(
                version: .http1_1, status: HTTPResponseStatus(statusCode: status))
            head.headers.add(name: "Content-Length", value: "\(body.utf8.count)")
            for (name, value) in headers { head.headers.add(name: name, value: value) }
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(
                wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
