package import OgiveCore

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
