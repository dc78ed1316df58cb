package import OgiveCore
internal import FoundationEssentials

/// A reference policy behind a server with OpenAI-compatible completions.
///
/// The log-probability of a completion is the sum over its tokens, the end token included, of the
/// raw log-softmax at temperature 1, whatever `temperature` is: llama.cpp and vLLM both return
/// that. So log π_ref(y|x) is the model's own, also when it is sampled with other parameters.
package struct OpenAIPolicy: Policy {
    private let spec: PolicySpec
    private let server: ServerConnection
    private let drawsPerRequest: Int

    /// Speaks to `server` for `spec`; asks for at most `drawsPerRequest` draws at once (and never
    /// for more than the server has slots).
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
    /// number of its calls. A fault of the endpoint ends the rest with the same failure.
    package func sample(_ request: SampleRequest) async -> [Result<Completion, ModelError>] {
        do throws(ModelError) {
            let profile = try await server.known()
            let input = try await input(request.prompt, profile.kind)
            let sizeMax = min(drawsPerRequest, profile.slots ?? drawsPerRequest)
            var results: [Int32: Result<Completion, ModelError>] = [:]
            var endpointError: ModelError?
            for group in DrawGroups.split(request.indexes, sizeMax: sizeMax) {
                do throws(ModelError) {
                    if let endpointError { throw endpointError }
                    let answers = try await draw(group, request, input, profile)
                    for (index, answer) in zip(group, answers) { results[index] = answer }
                } catch {
                    if error.concernsEndpoint { endpointError = error }
                    for index in group { results[index] = .failure(error) }
                }
            }
            return request.indexes.map { results[$0] ?? .failure(Self.missing($0)) }
        } catch {
            return request.indexes.map { _ in .failure(error) }
        }
    }

    private func draw(
        _ group: ClosedRange<Int32>, _ request: SampleRequest, _ input: CompletionRequest.Input,
        _ profile: ServerProfile
    ) async throws(ModelError) -> [Result<Completion, ModelError>] {
        let body = CompletionRequest(
            model: spec.model, input: input, parameters: request.parameters,
            seed: request.seedBase + UInt32(group.lowerBound), count: group.count,
            logProbabilities: spec.logProbabilities != .none, server: profile.kind)
        let path =
            if case .text = input { "/v1/completions" } else { "/v1/chat/completions" }
        let data = try await server.post(path, body)
        let reader = ChoiceReader(
            url: server.http.url.appending(path), logProbabilities: spec.logProbabilities != .none,
            models: profile.answeringModels)
        return try reader.completions(data, count: group.count)
    }

    /// What is sent for a prompt: `spec.api` says where, else chats go to the chat endpoint and
    /// plain texts to the other, as they are.
    private func input(_ prompt: Prompt, _ kind: ServerProfile.Kind) async throws(ModelError)
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
        case (.chat(let messages), nil), (.chat(let messages), .chat):
            guard let last = messages.last else {
                // llama.cpp would answer an empty chat with 200.
                throw ModelError(.rejected, "prompt `\(prompt.key)` has no messages")
            }
            guard last.role == "assistant" else { return .messages(messages) }
            // llama.cpp continues the turn but repeats it in the answer, where it cannot be told
            // from sampled text with certainty; so it renders the chat, and the text is continued.
            return kind == .llamaCpp ? .text(try await rendered(messages)) : .partial(messages)
        }
    }

    private struct Template: Encodable { var messages: [ChatMessage] }
    private struct Rendered: Decodable { var prompt: String }

    private func rendered(_ messages: [ChatMessage]) async throws(ModelError) -> String {
        let path = "/apply-template"
        let data = try await server.post(path, Template(messages: messages))
        return try ServerAnswer.decode(
            Rendered.self, data, url: server.http.url.appending(path)
        ).prompt
    }

    private static func missing(_ index: Int32) -> ModelError {
        ModelError(.rejected, "draw \(index) is asked for twice, or out of order")
    }
}
