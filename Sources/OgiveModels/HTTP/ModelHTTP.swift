internal import AsyncHTTPClient
internal import Dispatch
package import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
package import OgiveCore
internal import Synchronization

/// Requests to one model server: a pool of connections, the key, a deadline for each request and a
/// bound on what is read.
///
/// Everything that can go wrong ends as a `ModelError` that names the URL; the key never does.
package final class ModelHTTP: Sendable {
    /// The server's address.
    package let url: ModelURL
    /// Time from sending a request to having read the whole answer.
    package let requestTimeout: Duration
    /// Most bytes of an answer.
    package let answerBytesMax: Int

    /// Default bound on the bytes of an answer: 64 choices of 4 096 tokens with log-probabilities
    /// take about 50 MB.
    package static let answerBytesMaxDefault = 256 << 20
    /// Longest time to wait for a TCP connection.
    private static let connectTimeout = Duration.seconds(10)
    /// How long an unused connection is kept. Servers close it after 5 s (uvicorn, in vLLM and
    /// SGLang; cpp-httplib, in llama.cpp): a request that is sent just then is lost.
    private static let idleTimeout = Duration.seconds(3)
    /// The headers by which servers report what an answer took.
    private static let tokensHeaders = ServerKind.all.compactMap(\.tokensHeader)

    private let client: HTTPClient
    private let apiKey: String?
    private let budget: AnswerBudget
    private let opened = Opened()

    private final class Opened: Sendable {
        let count = Atomic(0)
    }

    /// How many connections were opened so far.
    package var connectionsMade: Int { opened.count.load(ordering: .sequentiallyConsistent) }

    /// Opens nothing yet: connections are made as requests need them, at most `connections`. The
    /// bytes of answers come out of `budget`; the key is hidden in whatever the server says.
    package init(
        url: ModelURL, apiKey: String?, requestTimeout: Duration, connections: Int,
        authorities: TrustedAuthorities? = nil,
        answerBytesMax: Int = ModelHTTP.answerBytesMaxDefault, budget: AnswerBudget = .shared
    ) {
        self.url = url
        self.apiKey = apiKey
        self.requestTimeout = requestTimeout
        self.answerBytesMax = answerBytesMax
        self.budget = budget
        if let apiKey { Secrets.add(apiKey) }
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        if let authorities {
            var security = TLSConfiguration.makeClientConfiguration()
            security.additionalTrustRoots = [.certificates(authorities.certificates)]
            configuration.tlsConfiguration = security
        }
        let connectTimeout = min(requestTimeout, Self.connectTimeout)
        configuration.timeout.connect = TimeAmount(connectTimeout)
        configuration.connectionPool.idleTimeout = TimeAmount(Self.idleTimeout)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
            max(1, connections)
        // A refused connection is reported at once: when to try again is the worker's to say.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.http1_1ConnectionDebugInitializer = { [opened] channel in
            opened.count.add(1, ordering: .sequentiallyConsistent)
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit {
        // Closes the idle connections; a client that is just dropped traps.
        client.shutdown(queue: .global()) { _ in }
    }

    /// An answer's bytes, and what its headers say that it took.
    struct Reply: Sendable {
        var data: Data
        var tokens: TokenCount?
    }

    /// Gets a page of the server.
    package func get(_ path: String) async throws(ModelError) -> Data {
        try await send(HTTPClientRequest(url: url.appending(path)), path: path).data
    }

    /// Posts a JSON document and returns the answer's bytes.
    package func post(_ path: String, _ body: some Encodable & Sendable) async throws(ModelError)
        -> Data
    {
        try await ask(path, body).data
    }

    /// Posts a JSON document and returns the answer.
    func ask(_ path: String, _ body: some Encodable & Sendable) async throws(ModelError) -> Reply {
        var request = HTTPClientRequest(url: url.appending(path))
        request.method = .POST
        // vLLM refuses JSON without this header.
        request.headers.add(name: "Content-Type", value: "application/json")
        do {
            request.body = .bytes(ByteBuffer(bytes: try Self.bytes(of: body)))
        } catch {
            throw ModelError(
                .rejected, "the request to \(url.appending(path)) is not valid JSON: \(error)")
        }
        return try await send(request, path: path)
    }

    /// A document as bytes. Of a `JSONValue` the raw parts stay as they are: chat templates write
    /// keys of tools in the order that they come in.
    private static func bytes(of body: some Encodable) throws -> [UInt8] {
        if let bytes = (body as? JSONValue)?.bytes { return bytes }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        return try Array(encoder.encode(body))
    }

    /// Posts the bytes of a JSON document, with further headers, and returns the answer's bytes.
    package func post(_ path: String, json: [UInt8], headers: [String: String])
        async throws(ModelError) -> Data
    {
        var request = HTTPClientRequest(url: url.appending(path))
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        request.body = .bytes(ByteBuffer(bytes: json))
        return try await send(request, path: path).data
    }

    private func send(_ request: HTTPClientRequest, path: String) async throws(ModelError)
        -> Reply
    {
        var request = request
        request.headers.add(name: "Accept", value: "application/json")
        if let apiKey { request.headers.add(name: "Authorization", value: "Bearer \(apiKey)") }
        let result = await withDeadline(requestTimeout) { [request] in
            await self.exchange(request, path: path)
        }
        guard let result else {
            let state = Task.isCancelled ? "was cancelled" : "has not answered"
            throw ModelError(
                .timeout,
                "\(url.appending(path)) \(state) within \(requestTimeout); "
                    + "raise request_timeout, or lower max_tokens or the concurrency")
        }
        return try result.get()
    }

    /// A kept connection may turn out to be closed: servers drop idle ones after some seconds, and
    /// this process may notice only when it writes. Then the request goes over a new one, once.
    private func execute(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        do {
            return try await client.execute(request, deadline: .distantFuture)
        } catch ChannelError.ioOnClosedChannel {
            return try await client.execute(request, deadline: .distantFuture)
        }
    }

    private func exchange(_ request: HTTPClientRequest, path: String) async
        -> Result<Reply, ModelError>
    {
        do {
            let response = try await execute(request)
            let data = try await read(response)
            if response.status.code / 100 == 2 {
                let tokens = Self.tokensHeaders.lazy
                    .compactMap { response.headers.first(name: $0) }.first
                return .success(Reply(data: data, tokens: ServerUsage.tokens(inHeader: tokens)))
            }
            return .failure(
                HTTPFailure.error(
                    url: url.appending(path), status: Int(response.status.code), body: data,
                    retryAfter: response.headers.first(name: "Retry-After")))
        } catch {
            return .failure(
                HTTPFailure.error(
                    url: url.appending(path), cause: error, answerBytesMax: answerBytesMax))
        }
    }
}

extension ModelHTTP {
    /// The body of an answer, as its bytes come and `budget` has room for them.
    private func read(_ response: HTTPClientResponse) async throws -> Data {
        let length = response.headers.first(name: "Content-Length").flatMap { Int($0) }
        if let length, length > answerBytesMax {
            throw NIOTooManyBytesError(maxBytes: answerBytesMax)
        }
        let share = budget.share()
        var answer = ByteBuffer()
        for try await var part in response.body {
            guard part.readableBytes <= answerBytesMax - answer.readableBytes else {
                throw NIOTooManyBytesError(maxBytes: answerBytesMax)
            }
            try await share.take(part.readableBytes)
            answer.writeBuffer(&part)
        }
        return Self.data(answer, holding: share)
    }

    /// The bytes as data that holds its share for as long as it lives, and its slices with it.
    private static func data(_ buffer: ByteBuffer, holding share: AnswerBudget.Share) -> Data {
        let count = buffer.readableBytes
        // Sound: `count` bytes are allocated and filled here, and freed by the data that owns them.
        return unsafe buffer.withUnsafeReadableBytes { bytes in
            let memory = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(1, count), alignment: 1)
            unsafe memory.copyMemory(from: bytes)
            guard let start = memory.baseAddress else { return Data() }
            return unsafe Data(
                bytesNoCopy: start, count: count,
                deallocator: .custom { pointer, _ in
                    unsafe pointer.deallocate()
                    withExtendedLifetime(share) {}
                })
        }
    }
}

/// What `operation` gives when it ends in time, else `nil`; it is cancelled then.
func withDeadline<Value: Sendable>(
    _ limit: Duration, _ operation: @escaping @Sendable () async -> Value
) async -> Value? {
    await withTaskGroup(of: Value?.self) { group in
        group.addTask { await operation() }
        group.addTask {
            // Cancellation is the normal end here: the operation was faster.
            try? await Task.sleep(for: limit, clock: .continuous)
            return nil
        }
        let first = await group.next() ?? nil
        group.cancelAll()
        return first
    }
}

/// Where a model server is: `http://host:port`, without the `/v1` that some clients' settings end
/// in.
package struct ModelURL: Hashable, Sendable, CustomStringConvertible {
    /// The address without a slash at its end.
    package let base: String

    /// Takes an address from a configuration file. Throws `misconfigured` when it is no HTTP URL.
    package init(_ text: String) throws(ModelError) {
        let trimmed = text.trimmingSuffix("/").trimmingSuffix("/v1").trimmingSuffix("/")
        guard let url = URL(string: trimmed), let host = url.host(), !host.isEmpty,
            url.scheme == "http" || url.scheme == "https", url.query() == nil
        else {
            throw ModelError(
                .misconfigured,
                "`\(text.prefix(200))` is not the URL of a model server; "
                    + "write something like http://127.0.0.1:8000")
        }
        guard url.user() == nil, url.password() == nil else {
            // The text is not repeated: it holds a secret.
            throw ModelError(
                .misconfigured,
                "the URL of the model server at \(host) holds a user name or password; "
                    + "give the key as `api_key` instead, so that it never reaches a log")
        }
        base = trimmed
    }

    /// The address of an endpoint; `path` begins with a slash.
    package func appending(_ path: String) -> String { base + path }

    package var description: String { base }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        var text = self[...]
        while text.hasSuffix(suffix) { text = text.dropLast(suffix.count) }
        return String(text)
    }
}

/// Certificate authorities that are trusted beside the system's, for servers with certificates of
/// an authority of one's own.
package struct TrustedAuthorities: Sendable {
    let certificates: [NIOSSLCertificate]

    /// Reads a file of certificates in PEM format. Throws `misconfigured` when it holds none.
    package init(file path: String) throws(ModelError) {
        do {
            certificates = try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw ModelError(
                .misconfigured,
                "`ca_file`: no certificates in PEM format can be read from \(path); "
                    + "check the path and its rights")
        }
    }
}
