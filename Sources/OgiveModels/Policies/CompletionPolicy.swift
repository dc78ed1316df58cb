internal import FoundationEssentials
package import OgiveCore
internal import Synchronization

/// A reference policy behind a server with OpenAI-compatible completions, or Ollama.
///
/// The log-probability of a completion is the sum over its tokens, the end token included, of the
/// raw log-softmax at temperature 1, whatever `temperature` is: llama.cpp and vLLM both return
/// that. So log π_ref(y|x) is the model's own, also when it is sampled with other parameters. From
/// a server that returns something else it is not asked for (`ServerDialect.LogProbabilities`).
package struct CompletionPolicy: Policy {
    let spec: PolicySpec
    let server: ServerConnection
    private let drawsPerRequest: Int

    /// Speaks to `server` for `spec`; asks for at most `drawsPerRequest` draws at once (and in one
    /// request never for more than the server has slots).
    package init(spec: PolicySpec, server: ServerConnection, drawsPerRequest: Int) {
        self.spec = spec
        self.server = server
        self.drawsPerRequest = max(1, drawsPerRequest)
    }

    /// Asks the server anew, so that one restarted with another model is noticed.
    package func fingerprint() async throws(ModelError) -> Fingerprint {
        Fingerprint(try await server.refresh().facts)
    }

    /// Asks for the draws group by group, one request at a time: a caller's concurrency is the
    /// number of its calls. Where a server takes one draw a request, as many requests go at once
    /// as one request would have had draws. A fault of the endpoint ends the rest with the same
    /// failure.
    package func sample(_ request: SampleRequest) async -> [Result<Completion, ModelError>] {
        do throws(ModelError) {
            let profile = try await server.known()
            let dialect = profile.kind.dialect
            if let refusal = dialect.refusal(
                of: spec, request.parameters,
                server: "\(server.http.url) (\(profile.kind.name))")
            {
                throw refusal
            }
            let input = try await input(request.prompt, profile.kind)
            let slots = max(1, profile.slots ?? drawsPerRequest)
            let sizeMax = dialect.seedsChoices ? min(drawsPerRequest, slots) : 1
            let groups = DrawGroups.split(request.indexes, sizeMax: sizeMax)
            var results: [Int32: Result<Completion, ModelError>] = [:]
            var endpointError: ModelError?
            let width = dialect.seedsChoices ? 1 : min(drawsPerRequest, slots)
            for start in stride(from: 0, to: groups.count, by: width) {
                let wave = groups[start..<min(start + width, groups.count)]
                let answers = await draw(wave, request, input, profile, after: endpointError)
                for answer in answers {
                    results[answer.index] = answer.result
                    if case .failure(let error) = answer.result, error.concernsEndpoint {
                        endpointError = endpointError ?? error
                    }
                }
            }
            return request.indexes.map { results[$0] ?? .failure(Self.missing($0)) }
        } catch {
            return request.indexes.map { _ in .failure(error) }
        }
    }

    private typealias Answer = (index: Int32, result: Result<Completion, ModelError>)

    /// The draws of some groups, asked for at once; none is asked for after `error`.
    private func draw(
        _ groups: ArraySlice<ClosedRange<Int32>>, _ request: SampleRequest,
        _ input: CompletionRequest.Input, _ profile: ServerProfile, after error: ModelError?
    ) async -> [Answer] {
        if let error {
            return groups.joined().map { ($0, .failure(error)) }
        }
        return await withTaskGroup { tasks in
            for group in groups {
                tasks.addTask { await draw(group, request, input, profile) }
            }
            return await tasks.reduce(into: []) { $0 += $1 }
        }
    }

    /// Some draws by one request. What a server leaves out that ignores `n`, or gives fewer choices
    /// than it is asked for, is asked for one by one.
    private func draw(
        _ group: ClosedRange<Int32>, _ request: SampleRequest, _ input: CompletionRequest.Input,
        _ profile: ServerProfile
    ) async -> [Answer] {
        var answers: [Answer]
        do throws(ModelError) {
            let drawn = try await ask(group, request, input, profile)
            answers = zip(group, drawn).map { (index: $0, result: $1) }
        } catch {
            return group.map { ($0, .failure(error)) }
        }
        guard group.count > 1 else { return answers }
        var fault: ModelError?
        for (place, answer) in answers.enumerated() {
            guard case .failure(let error) = answer.result, error.code == .wrongCount else {
                continue
            }
            do throws(ModelError) {
                if let fault { throw fault }
                let alone = answer.index...answer.index
                let drawn = try await ask(alone, request, input, profile)
                answers[place].result = drawn.first ?? answer.result
            } catch {
                if error.concernsEndpoint { fault = error }
                answers[place].result = .failure(error)
            }
        }
        return answers
    }

    private func ask(
        _ group: ClosedRange<Int32>, _ request: SampleRequest, _ input: CompletionRequest.Input,
        _ profile: ServerProfile
    ) async throws(ModelError) -> [Result<Completion, ModelError>] {
        let dialect = profile.kind.dialect
        let ask = CompletionRequest(
            spec: spec, input: input, parameters: request.parameters,
            seed: request.seedBase + UInt64(group.lowerBound), count: group.count)
        let path = ask.path(dialect)
        let data = try await server.post(path, ask.body(dialect))
        var reader = ChoiceReader(
            url: server.http.url.appending(path), logProbabilities: spec.logProbabilities != .none,
            models: profile.answeringModels, server: profile.kind)
        reader.readsTokens = spec.logProbabilities == .tokens
        // Whether draws share a request must not change what is reported of them.
        reader.countsTokens = !dialect.seedsChoices
        reader.hasLogProbabilities = server.gaveLogProbabilities.load(ordering: .relaxed)
        let drawn = try reader.completions(data, count: group.count)
        if drawn.contains(where: { (try? $0.get())?.logProbability != nil }) {
            server.gaveLogProbabilities.store(true, ordering: .relaxed)
        }
        return drawn
    }

    /// What is sent for a prompt: `spec.api` says where, else chats go to the chat endpoint and
    /// plain texts to the other, as they are.
    func input(_ prompt: Prompt, _ kind: ServerKind) async throws(ModelError)
        -> CompletionRequest.Input
    {
        switch (prompt.content, spec.api) {
        case (.text(let text), nil), (.text(let text), .completions):
            return .text(text)
        case (.text(let text), .chat):
            return .messages([ChatMessage(role: "user", content: text)])
        case (.chat, .completions):
            throw ModelError(
                .rejected,
                "prompt `\(prompt.key)` is a chat, which /v1/completions does not take; "
                    + "leave `api` out, or set it to `chat`")
        case (.chat(let messages, let tools), nil), (.chat(let messages, let tools), .chat):
            guard let last = messages.last else {
                // llama.cpp would answer an empty chat with 200.
                throw ModelError(.rejected, "prompt `\(prompt.key)` has no messages")
            }
            try refuseUnsent(prompt, kind)
            if tools != nil, case .rendered(let path) = kind.dialect.tools {
                return .text(try await rendered(messages, tools, path))
            }
            guard last.role == "assistant" else { return .messages(messages, tools: tools) }
            return try await partial(messages, tools, last, prompt, kind)
        }
    }

    /// Throws when the server would not tell its model of all that the chat holds.
    private func refuseUnsent(
        _ prompt: Prompt, _ kind: ServerKind
    ) throws(ModelError) {
        guard case .chat(let messages, let tools) = prompt.content else { return }
        let place = "\(server.http.url) (\(kind.name))"
        if tools != nil, case .none(let reason) = kind.dialect.tools {
            throw ModelError(
                .rejected,
                "prompt `\(prompt.key)` has tools, which \(place) cannot be given: \(reason). Use "
                    + "vLLM, SGLang or llama.cpp (`policy.server` says which it is), or import the "
                    + "prompts with `prompts: {metadata: [tools]}`")
        }
        if !kind.dialect.takesFieldsOfTurns, !messages.allSatisfy(\.isPlain) {
            throw ModelError(
                .rejected,
                "prompt `\(prompt.key)` has turns with \(prompt.content.beyondTexts ?? ""), which "
                    + "\(place) does not take as they are; use vLLM, SGLang or llama.cpp")
        }
    }

    private func partial(
        _ messages: [ChatMessage], _ tools: String?, _ last: ChatMessage, _ prompt: Prompt,
        _ kind: ServerKind
    ) async throws(ModelError) -> CompletionRequest.Input {
        switch kind.dialect.partialTurn {
        case .fields(let fields): return .partial(messages, tools: tools, fields: fields)
        case .rendered(let path): return .text(try await rendered(messages, tools, path))
        case .trimmed where last.content.last?.isWhitespace != true:
            return .partial(messages, tools: tools, fields: [:])
        case .trimmed:
            throw ModelError(
                .rejected,
                "prompt `\(prompt.key)` ends with white space in the assistant's turn, which "
                    + "\(kind.name) would cut off; remove it, or use another server")
        case .none:
            throw ModelError(
                .rejected,
                "prompt `\(prompt.key)` ends in the middle of the assistant's turn, which "
                    + "\(server.http.url) (\(kind.name)) cannot continue; use vLLM, SGLang, "
                    + "llama.cpp or TGI (`policy.server` says which it is)")
        }
    }

    private struct Rendered: Decodable { var prompt: String }

    private func rendered(
        _ messages: [ChatMessage], _ tools: String?, _ path: String
    ) async throws(ModelError) -> String {
        var body: [String: JSONValue] = ["messages": .messages(messages)]
        body["tools"] = tools.map(JSONValue.raw)
        let data = try await server.post(path, JSONValue.object(body))
        return try ServerAnswer.decode(
            Rendered.self, data, url: server.http.url.appending(path)
        ).prompt
    }

    private static func missing(_ index: Int32) -> ModelError {
        ModelError(.rejected, "draw \(index) is asked for twice, or out of order")
    }
}

extension CompletionPolicy {
    /// vLLM and SGLang give them: of llama.cpp one request for each token would be needed.
    package func logProbabilityObstacle() async throws(ModelError) -> String? {
        let kind = try await server.known().kind
        guard case .none(let reason) = kind.dialect.given else { return nil }
        return "\(server.http.url) (\(kind.name)) cannot give the log-probability of a given "
            + "completion: \(reason). Serve the model with vLLM or SGLang, or leave `logprobs` "
            + "out of `run.candidates`."
    }

    /// Tokenises prompt and completions by the server, and asks for the log-probabilities of the
    /// prompt's continuation by each completion and the end token: what sampling would have said.
    package func logProbabilities(
        _ request: LogProbabilityRequest
    ) async -> [Result<LogProbability, ModelError>] {
        do throws(ModelError) {
            if let obstacle = try await logProbabilityObstacle() {
                throw ModelError(.unsupported, obstacle)
            }
            let profile = try await server.known()
            if case .chat(_, tools: .some) = request.prompt.content,
                !profile.kind.tokenizer.rendersTools
            {
                throw ModelError(
                    .rejected,
                    "prompt `\(request.prompt.key)` has tools, which \(server.http.url) "
                        + "(\(profile.kind.name)) leaves out when it tokenises a chat; serve "
                        + "the model with vLLM")
            }
            let tokenizer = ServerTokenizer(server: server, spec: spec, kind: profile.kind)
            let continuation = ContinuationTokens(
                tokenizer: tokenizer, input: try await input(request.prompt, profile.kind),
                key: request.prompt.key)
            let prompt = try await continuation.prompt()
            let end = try await tokenizer.endToken()
            var results: [Result<LogProbability, ModelError>?] = []
            var asked: [GivenTokens] = []
            for (index, text) in request.completions.enumerated() {
                do throws(ModelError) {
                    let tokens = try await continuation.tokens(of: text, after: prompt, end: end)
                    asked.append(GivenTokens(index: index, prompt: prompt.ids, completion: tokens))
                    results.append(nil)
                } catch {
                    if error.concernsEndpoint || error.isRetriable { throw error }
                    results.append(.failure(error))
                }
            }
            let asker = PromptLogProbabilities(
                server: server, spec: spec, kind: profile.kind, models: profile.answeringModels)
            for (index, answer) in await asker.ask(asked) { results[index] = answer }
            return results.map { $0 ?? .failure(ModelError(.wrongCount, "no answer came")) }
        } catch {
            return request.completions.map { _ in .failure(error) }
        }
    }
}
