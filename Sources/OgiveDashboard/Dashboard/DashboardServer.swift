internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
package import Logging
internal import NIOCore
internal import OgiveCore
internal import Synchronization

/// Serves the dashboard over HTTP, within bounds: a library does the protocol, this says who is
/// answered, with which headers, and for how long.
package struct DashboardServer: Sendable {
    /// What one who connects may take.
    package struct Limits: Hashable, Sendable {
        /// Most connections at once; further ones wait.
        package var connectionsMax = 128
        /// Most streams of live numbers at once.
        package var streamsMax = 64
        /// Most bytes of the headers of a request.
        package var headerBytesMax = 16 << 10
        /// A connection that brings no head of a request in this time is closed.
        package var idleMax = Duration.seconds(20)
        /// After so long an answer is over, read or not; live numbers have `streamMax`, too.
        package var answerMax = Duration.seconds(120)
        /// So long a reader has to take a refusal before the connection is closed.
        package var refusalMax = Duration.seconds(1)
        /// How often live numbers are sent.
        package var period = Duration.seconds(2)
        /// After so long a stream ends; a browser opens another one by itself.
        package var streamMax = Duration.seconds(600)

        /// The defaults.
        package init() {}
    }

    /// Where the pages are served.
    package struct Place: Hashable, Sendable {
        /// The address, in digits.
        package var host: String
        /// The port; 0 is one that the system chooses.
        package var port: Int
        /// Where the configuration names it, for messages.
        package var key: String

        /// Joins the parts.
        package init(host: String, port: Int, key: String) {
            self.host = host
            self.port = port
            self.key = key
        }
    }

    /// Why the pages are not served.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        /// What is wrong, where, and what to do.
        package let message: String

        package var description: String { message }
    }

    private let site: DashboardSite
    private let place: Place
    private let mayRead: (@Sendable (String) -> Bool)?
    private let limits: Limits
    private let logger: Logger
    private let streams = OpenStreams()

    /// Prepares a server. `mayRead` says whether the value of `Authorization` shows the token; it
    /// is `nil` where none is needed: for an address that only this machine reaches.
    package init(
        _ site: DashboardSite, at place: Place, mayRead: (@Sendable (String) -> Bool)?,
        limits: Limits = Limits(), logger: Logger
    ) {
        self.site = site
        self.place = place
        self.mayRead = mayRead
        self.limits = limits
        self.logger = logger
    }

    /// Serves until the task is cancelled. `opened` is called with the port once connections are
    /// taken. Throws `Failure` where the address cannot be had.
    package func run(opened: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await site.work() }
            tasks.addTask { try await serve(opened) }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }

    private func serve(_ opened: @escaping @Sendable (Int) -> Void) async throws {
        let place = place
        var http = HTTP1Channel.Configuration(
            idleTimeout: .nanoseconds(Int64(limits.idleMax / .nanoseconds(1))))
        http.httpDecoder.maxHeaderListSize = limits.headerBytesMax
        http.httpDecoder.maxHeaderFieldSize = limits.headerBytesMax
        http.httpDecoder.maxHeaderFieldCount = 100
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let isOpen = Atomic(false)
        let application = Application(
            responder: CallbackResponder<Visit> { request, visit in
                await bounded(response(to: request, on: visit.channel), on: visit.channel)
            },
            server: .http1(configuration: http),
            configuration: ApplicationConfiguration(
                address: .hostname(place.host, port: place.port),
                availableConnectionsDelegate: MaximumAvailableConnections(
                    limits.connectionsMax, logger: quiet)),
            onServerRunning: { channel in
                isOpen.store(true, ordering: .relaxed)
                opened(channel.localAddress?.port ?? place.port)
            }, logger: quiet)
        do {
            try await application.run()
        } catch {
            guard !Task.isCancelled, !isOpen.load(ordering: .relaxed) else { throw error }
            throw Failure(
                message: "cannot serve the dashboard on \(place.host):\(place.port) "
                    + "(`\(place.key)`): \(error); choose another address or port, or end what "
                    + "listens there")
        }
    }

    /// The response to a request, with the headers that all have. One who is refused keeps no
    /// connection: a body may follow the request, for as long as somebody listens.
    private func response(to request: Request, on channel: any Channel) async -> Response {
        if var refusal = refusal(request) {
            refusal.headers[.connection] = "close"
            channel.eventLoop.scheduleTask(in: TimeAmount(limits.refusalMax)) {
                channel.close(promise: nil)
            }
            return refusal
        }
        let answer = await site.answer(
            DashboardSite.Request(
                path: request.uri.path, query: FormQuery.parameters(request.uri.query ?? "")))
        let isHead = request.method == .head
        let response = response(answer, isHead: isHead)
        return isHead ? response.createHeadResponse() : response
    }

    /// The same response, which is over after some time, read or not.
    private func bounded(_ response: Response, on channel: any Channel) -> Response {
        let body = response.body
        let isStream = body.contentLength == nil
        let time = limits.answerMax + (isStream ? limits.streamMax : .zero)
        var response = response
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            let end = channel.eventLoop.scheduleTask(in: TimeAmount(time)) {
                channel.close(promise: nil)
            }
            defer { end.cancel() }
            try await body.write(writer)
        }
        return response
    }

    /// Who is not answered, and why.
    private func refusal(_ request: Request) -> Response? {
        guard request.method == .get || request.method == .head else {
            return Self.plain(.methodNotAllowed, "only GET and HEAD\n", [.allow: "GET, HEAD"])
        }
        let length = request.headers[values: .contentLength]
        guard !request.headers.contains(.transferEncoding),
            length.allSatisfy({ $0.allSatisfy { $0 == "0" } })
        else { return Self.plain(.contentTooLarge, "a request has no body here\n") }
        guard Self.isFromHere(request.headers) else {
            return Self.plain(.forbidden, "not for pages of other sites: open it by a link\n")
        }
        guard let mayRead else {
            // A page from elsewhere whose name was made to mean this machine ("DNS rebinding")
            // would be let in by the address alone, and not by its own name.
            let name = request.head.authority ?? ""
            guard !Self.isOwn(name) else { return nil }
            return Self.plain(
                .misdirectedRequest,
                "without a token, this page answers to localhost and to addresses in digits only\n"
            )
        }
        guard let shown = request.headers[.authorization], mayRead(shown) else {
            return Self.plain(
                .unauthorized,
                "a token is needed: as the password (with any name), or Authorization: Bearer …\n",
                [.wwwAuthenticate: #"Basic realm="ogive", charset="UTF-8""#])
        }
        return nil
    }

    /// Whether a request is of a page from here, of the reader, or for a whole page by a link
    /// (Fetch Metadata Request Headers, W3C). Clients other than browsers say nothing of it.
    static func isFromHere(_ headers: HTTPFields) -> Bool {
        func value(_ name: String) -> String? {
            HTTPField.Name(name).flatMap { headers[$0] }
        }
        guard let site = value("Sec-Fetch-Site") else { return true }
        if site == "same-origin" || site == "none" { return true }
        return value("Sec-Fetch-Mode") == "navigate"
            && value("Sec-Fetch-Dest") ?? "document" == "document"
    }

    /// Whether a host is this machine's own name for itself, or an address in digits.
    static func isOwn(_ authority: String) -> Bool {
        if authority.hasPrefix("[") { return true }
        let host = authority.prefix { $0 != ":" }.lowercased()
        return host == "localhost"
            || !host.isEmpty && host.allSatisfy { $0 == "." || ("0"..."9").contains($0) }
    }

    private static func headers(_ type: String) -> HTTPFields {
        var headers: HTTPFields = [
            .contentType: type, .cacheControl: "no-store",
            .contentSecurityPolicy: DashboardPage.policy, .xContentTypeOptions: "nosniff",
        ]
        for (name, value) in [
            ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
        ] {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        return headers
    }

    private static func plain(
        _ status: HTTPResponse.Status, _ text: String, _ more: HTTPFields = [:]
    ) -> Response {
        var headers = headers("text/plain; charset=utf-8")
        for field in more { headers[field.name] = field.value }
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private func response(_ answer: DashboardSite.Answer, isHead: Bool) -> Response {
        func body(_ text: String) -> ResponseBody {
            ResponseBody(byteBuffer: ByteBuffer(string: text))
        }
        let html = Self.headers("text/html; charset=utf-8")
        switch answer {
        case .page(let page, let status):
            return Response(status: .init(code: status), headers: html, body: body(page))
        case .part(let part):
            return Response(status: .ok, headers: html, body: body(part))
        case .file(let file, let type):
            return Response(status: .ok, headers: Self.headers(type), body: body(file))
        case .text(let text):
            var headers = Self.headers("text/plain; charset=utf-8")
            headers[.contentDisposition] = #"attachment; filename="completion.txt""#
            return Response(
                status: .ok, headers: headers,
                body: ResponseBody(contentLength: text.bytes) { writer in
                    try await send(text, to: &writer)
                })
        case .events where isHead:
            // It has no body that would end a stream.
            return Response(status: .ok, headers: Self.headers("text/event-stream"))
        case .events(let run):
            guard let stream = streams.open(most: limits.streamsMax) else {
                return Self.plain(.serviceUnavailable, "too many streams of live numbers\n")
            }
            return Response(
                status: .ok, headers: Self.headers("text/event-stream"),
                body: ResponseBody { writer in try await send(run, stream, to: &writer) })
        }
    }

    /// Sends a text that may be long, part by part: the next one is read when the reader has taken
    /// the last one but one. So one who reads slowly makes this keep two parts, and not the text. A
    /// text that goes away in between ends the connection before its length.
    @concurrent private func send(
        _ text: LongText, to writer: inout any ResponseBodyWriter
    ) async throws {
        var place = 0
        while place < text.characters {
            try await writer.write(ByteBuffer(string: site.part(of: text, from: place)))
            place += DashboardSite.partMax
        }
        try await writer.finish(nil)
    }

    /// Sends live numbers until the reader goes away, or its time is over (HTML, section 9.2).
    @concurrent private func send(
        _ run: RunID?, _ stream: OpenStreams.Stream, to writer: inout any ResponseBodyWriter
    ) async throws {
        defer { stream.close() }
        let begun = ContinuousClock.now
        var last = ""
        while ContinuousClock.now - begun < limits.streamMax {
            // A line that says nothing finds out whether the reader is still there.
            var text = ":\n\n"
            do throws(StoreError) {
                let numbers = try await site.numbers(run)
                if numbers != last { text = "event: numbers\ndata: \(numbers)\n\n" }
                last = numbers
            } catch {
                if error.code == .conflict { break }
            }
            try await writer.write(ByteBuffer(string: text))
            try await ContinuousClock().sleep(for: limits.period)
        }
        try await writer.finish(nil)
    }
}

/// A request, and the connection that it came over.
private struct Visit: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

/// Counts the streams of live numbers that are open.
private final class OpenStreams: Sendable {
    /// One of them: over when `close` says so, or when nobody has it any more, such as the body of
    /// a response that is never sent.
    final class Stream: Sendable {
        private let streams: OpenStreams
        private let isOver = Atomic(false)

        fileprivate init(_ streams: OpenStreams) {
            self.streams = streams
        }

        deinit {
            close()
        }

        /// It is over.
        func close() {
            guard !isOver.exchange(true, ordering: .relaxed) else { return }
            streams.count.subtract(1, ordering: .relaxed)
        }
    }

    private let count = Atomic(0)

    /// Opens one more, if there is room.
    func open(most: Int) -> Stream? {
        if count.add(1, ordering: .relaxed).newValue <= most { return Stream(self) }
        count.subtract(1, ordering: .relaxed)
        return nil
    }
}
