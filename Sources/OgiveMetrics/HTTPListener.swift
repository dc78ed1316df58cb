package import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// A small HTTP server for the monitoring pages: one request for each connection, within bounds.
///
/// Whoever connects gets so much time, may send so many bytes, and is turned away while too many
/// others are there. It runs on NIO's threads and asks nothing of the process but what is in
/// memory, so it answers also when the process is busy.
package struct HTTPListener: Sendable {
    /// What one who connects may take.
    package struct Limits: Hashable, Sendable {
        /// Most connections at once; further ones are closed.
        package var connectionsMax = 64
        /// Most bytes of a request: its line and its headers.
        package var requestBytesMax = 16 << 10
        /// After this long a connection is closed, answered or not.
        package var timeMax = Duration.seconds(10)

        /// The defaults.
        package init() {}
    }

    /// Why the pages are not served.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        /// What is wrong, where, and what to do.
        package let message: String

        package var description: String { message }
    }

    private let address: ListenAddress
    private let key: String
    private let pages: MonitoringPages
    private let limits: Limits
    private let logger: Logger

    /// Prepares a server. `key` is where the configuration names the address, for messages.
    package init(
        _ address: ListenAddress, key: String, pages: MonitoringPages, limits: Limits = Limits(),
        logger: Logger
    ) {
        self.address = address
        self.key = key
        self.pages = pages
        self.limits = limits
        self.logger = logger
    }

    /// Serves until the task is cancelled. `opened` is called with the port once connections are
    /// taken. Throws `Failure` where the address cannot be had.
    package func run(opened: @Sendable (Int) -> Void = { _ in }) async throws {
        let channel: any Channel
        do {
            channel = try await bootstrap.bind(host: address.host, port: address.port).get()
        } catch {
            throw Failure(
                message: "cannot serve metrics on \(address) (`\(key)`): \(error); "
                    + "choose another address or port, or end what listens there")
        }
        let port = channel.localAddress?.port ?? address.port
        logger.info("serving metrics", metadata: ["address": "\(address.host)", "port": "\(port)"])
        opened(port)
        await withTaskCancellationHandler {
            // It fails when the socket does: the pages are over either way.
            _ = try? await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
        if !Task.isCancelled {
            throw Failure(message: "the socket of \(address) (`\(key)`) was closed; start again")
        }
    }

    private var bootstrap: ServerBootstrap {
        let (pages, limits) = (pages, limits)
        let open = OpenConnections()
        return ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                guard open.enter(most: limits.connectionsMax) else { return channel.close() }
                channel.closeFuture.whenComplete { _ in open.leave() }
                let deadline = channel.eventLoop.scheduleTask(in: TimeAmount(limits.timeMax)) {
                    channel.close(promise: nil)
                }
                channel.closeFuture.whenComplete { _ in deadline.cancel() }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(RequestBound(bytesMax: limits.requestBytesMax))
                    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try pipeline.addHandler(PageHandler(pages: pages))
                }
            }
    }
}

/// How many connections are open.
private final class OpenConnections: Sendable {
    private let count = Atomic(0)

    /// Counts one more, if there is room.
    func enter(most: Int) -> Bool {
        if count.add(1, ordering: .relaxed).newValue <= most { return true }
        leave()
        return false
    }

    /// One was closed.
    func leave() {
        count.subtract(1, ordering: .relaxed)
    }
}

/// Ends a connection that sends more than a request may have, before anybody reads it.
final class RequestBound: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let answer =
        "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\n"
        + "Connection: close\r\n\r\n"

    private var left: Int

    init(bytesMax: Int) {
        left = bytesMax
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard left >= 0 else { return }
        left -= unwrapInboundIn(data).readableBytes
        if left >= 0 { return context.fireChannelRead(data) }
        let answer = context.channel.allocator.buffer(string: Self.answer)
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        context.close(promise: nil)
    }
}

/// Answers the first request of a connection, and closes it.
final class PageHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let pages: MonitoringPages
    private var request: MonitoringPages.Request?
    private var isAnswered = false

    init(pages: MonitoringPages) {
        self.pages = pages
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            let request = MonitoringPages.Request(head)
            // A body is not waited for.
            if request.hasBody { answer(request, context) } else { self.request = request }
        case .body: break
        case .end:
            if let request { answer(request, context) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func answer(_ request: MonitoringPages.Request, _ context: ChannelHandlerContext) {
        isAnswered = true
        let answer = pages.answer(request)
        var head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status))
        head.headers.add(name: "Content-Type", value: answer.contentType)
        head.headers.add(name: "Content-Length", value: "\(answer.body.utf8.count)")
        head.headers.add(name: "Cache-Control", value: "no-store")
        head.headers.add(name: "X-Content-Type-Options", value: "nosniff")
        head.headers.add(name: "Connection", value: "close")
        for (name, value) in answer.headers { head.headers.add(name: name, value: value) }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != "HEAD" {
            let body = context.channel.allocator.buffer(string: answer.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }
}

extension MonitoringPages.Request {
    /// What a request asks for. A credential that is there twice counts as absent.
    fileprivate init(_ head: HTTPRequestHead) {
        let length = head.headers["Content-Length"]
        self.init(
            method: head.method.rawValue, target: head.uri,
            accept: head.headers["Accept"].joined(separator: ","),
            authorization: head.headers["Authorization"].count == 1
                ? head.headers["Authorization"].first : nil,
            hasBody: head.headers.contains(name: "Transfer-Encoding")
                || !length.allSatisfy { $0 == "0" })
    }
}
