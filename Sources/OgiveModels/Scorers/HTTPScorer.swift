internal import FoundationEssentials
package import OgiveCore

/// A reward behind any HTTP service that takes and gives JSON, as its specification describes it.
package struct HTTPScorer: Scorer {
    private let http: ModelHTTP
    private let endpoint: ScorerEndpoint
    private let adapter: HTTPAdapter
    private let rule: HTTPScorerRule

    /// Takes what is asked from `spec`, and where from `adapter` and `endpoint`. Throws
    /// `invalidSpecification`.
    package init(
        http: ModelHTTP, spec: HTTPScorerSpec, adapter: HTTPAdapter, endpoint: ScorerEndpoint
    ) throws(ModelError) {
        self.http = http
        self.endpoint = endpoint
        self.adapter = adapter
        rule = try HTTPScorerRule(spec)
    }

    /// What the service says of itself where it has a page for that.
    package func fingerprint() async throws(ModelError) -> Fingerprint {
        try await adapter.fingerprint(http, model: endpoint.model)
    }

    /// A prompt that the request has no place for, or that lacks a field.
    package func refusal(of prompt: Prompt) async -> ModelError? {
        let request = ScoreRequest(prompt: prompt, completion: "")
        do throws(ModelError) {
            _ = try (rule.item ?? rule.request).render(request)
            return nil
        } catch {
            return error
        }
    }

    /// Sends batches where the request has room for several, else each pair alone.
    package func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        guard let item = rule.item else {
            return await Batches.each(requests, atOnce: endpoint.connections) { one in
                do throws(ModelError) {
                    let answer = try await post(try rule.request.render(one))
                    return reward(rule.score.value(in: answer), rule.errors?.value(in: answer))
                } catch {
                    return .failure(error)
                }
            }
        }
        var results: [Result<Score, ModelError>] = []
        for batch in Batches.split(requests, sizeMax: endpoint.batchSize) {
            let items = batch.map { one in
                Result { () throws(ModelError) in try item.render(one) }
            }
            let valid = items.compactMap { try? $0.get() }
            var answers = await Batches.isolatingFaults(of: valid, ask).makeIterator()
            for item in items {
                switch item {
                case .failure(let error): results.append(.failure(error))
                case .success:
                    results.append(
                        answers.next() ?? .failure(ModelError(.wrongCount, "got no reward")))
                }
            }
        }
        return results
    }

    private func ask(_ items: [String]) async -> [Result<Score, ModelError>] {
        if items.isEmpty { return [] }
        do throws(ModelError) {
            let answer = try await post(rule.request.render(items: items))
            guard let scores = rule.score.values(in: answer) else {
                throw ModelError(.malformed, "\(url) has no list at `\(rule.score.text)`")
            }
            let errors = rule.errors?.values(in: answer)
            guard scores.count == items.count, errors.map(\.count) ?? items.count == items.count
            else {
                throw ModelError(
                    .wrongCount,
                    "\(url) answered \(scores.count) rewards and \(errors?.count ?? 0) errors for "
                        + "\(items.count) completions")
            }
            return scores.enumerated().map { place, score in reward(score, errors?[place]) }
        } catch {
            return items.map { _ in .failure(error) }
        }
    }

    private var url: String { http.url.appending(rule.path) }

    private func post(_ body: String) async throws(ModelError) -> JSONValue {
        let data = try await http.post(
            rule.path, json: Array(body.utf8), headers: adapter.headers)
        let answer = try Self.answer(data, url: url)
        if !rule.finds(in: answer), let error = ServerAnswer.reportedError(in: data, url: url) {
            throw error
        }
        return answer
    }

    static func answer(_ data: Data, url: String) throws(ModelError) -> JSONValue {
        let value = try? BoundedJSON.decode(JSONValue.self, from: data)
        if let value { return value }
        let start = String(decoding: data.prefix(200), as: UTF8.self)
        // A page of a proxy may pass; broken JSON would come again.
        let isPage = start.first { !$0.isWhitespace } == "<" || start.isEmpty
        throw ModelError(
            isPage ? .serverError : .malformed, "\(url) answered what is no JSON: `\(start)`")
    }

    /// A finite number, or why there is none.
    private func reward(_ value: JSONValue?, _ error: JSONValue?) -> Result<Score, ModelError> {
        switch error {
        case .none, .null: break
        case .some(let error): return .failure(ModelError(reported: error, by: url))
        }
        guard let value, let number = value.double else {
            // Python's JSON writes NaN as null when it is told to write valid JSON.
            if case .null = value {
                return .failure(
                    ModelError(.notFinite, "\(url) answered null at `\(rule.score.text)`"))
            }
            return .failure(
                ModelError(.malformed, "\(url) answered no number at `\(rule.score.text)`"))
        }
        guard number.isFinite else {
            return .failure(ModelError(.notFinite, "\(url) answered the reward \(number)"))
        }
        return .success(Score(number))
    }
}

extension ModelError {
    /// Codes that a service may give for one item.
    private static let itemCodes: [Code] = [
        .promptTooLong, .notFinite, .rejected, .serverError, .timeout, .malformed, .missingField,
        .tooLarge,
    ]

    /// What a service reports of one item: a text, or `{"code", "message"}`.
    init(reported value: JSONValue, by url: String) {
        var code = Code.rejected
        var message = value.scalarText ?? "an error"
        if case .object(let object) = value {
            message = object["message"]?.scalarText ?? "an error"
            if let name = object["code"]?.scalarText, let known = Code(rawValue: name),
                Self.itemCodes.contains(known)
            {
                code = known
            }
        }
        self.init(code, "\(url) reports: \(message.prefix(500))")
    }
}

extension JSONValue {
    /// A number; `nil` for everything else.
    var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// A text, number or truth value as text; `nil` for everything else.
    var scalarText: String? {
        switch self {
        case .text(let text): text
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .flag(let value): "\(value)"
        default: nil
        }
    }
}

/// How the kind `http` is served: how a service is reached besides its address, and asked about
/// itself.
package struct HTTPAdapter: ScorerAdapter {
    /// Headers of each request; never logged.
    package var headers: [String: String] = [:]
    /// A page that answers 200 when the service can be asked; `nil` asks for none.
    package var health: String?
    /// A page with what identifies the model; `nil` asks for none.
    package var info: String?
    /// The JSON pointer of the object in it.
    package var facts = ""

    /// Neither headers nor pages.
    package init() {}

    /// What is asked, and how the service is reached.
    package static let keys = [ScorerKey("http", of: [.http], isRequired: true)]
    /// By a server.
    package static let isServed = true
    /// The service need not know the name.
    package static let modelHint = "write a name for the model"

    /// Always `http`.
    package var kind: ScorerSpec.Kind.Name { .http }

    /// Reads `http`.
    package static func read(
        _ kind: ScorerSpec.Kind.Name, from section: some ScorerSection
    ) -> ScorerReading {
        let service = section.optional(
            "http",
            """
            Only for kind http: any service that reads and writes JSON. Ogive inserts {{prompt}}, \
            {{completion}}, {{messages}}, {{conversation}}, {{tools}}, {{metadata}}, \
            {{metadata.FIELD}} as JSON; within a JSON text, as text.
            """
        ) { readService($0) }
        return service
            ?? ScorerReading(
                .http(HTTPScorerSpec(path: "", request: "", score: "")), HTTPAdapter())
    }

    private static func readService(_ section: some ScorerSection) -> ScorerReading {
        var spec = HTTPScorerSpec(
            path: section.requiredText("path", "the path to which Ogive posts", example: "/score"),
            request: section.requiredText(
                "request", "the request; with {{items}} it holds a batch, else one pair",
                example: "'{\"items\": {{items}}}'"),
            score: section.requiredText(
                "score", "JSON pointer of the reward; `*`: the item's place in the list",
                example: "/rewards/*"))
        spec.item = section.text(
            "item", "one of {{items}}",
            example: "'{\"messages\": {{messages}}, \"completion\": {{completion}}}'",
            absent: "one pair a request")
        spec.errors = section.text(
            "errors",
            "JSON pointer of an item's error: null, a text, or {\"code\", \"message\"}",
            example: "/errors/*")
        var adapter = HTTPAdapter()
        adapter.headers =
            section.names("headers", "headers of each request", example: "{X-Team: ogive}") ?? [:]
        adapter.health = section.text(
            "health", "page that answers 200 once the service is ready", example: "/health",
            absent: "none")
        adapter.info = section.text(
            "info", "page with the facts that identify the model", example: "/info",
            absent: "none")
        adapter.facts =
            section.text(
                "facts", "JSON pointer to the facts in that page", example: "/facts",
                absent: "the whole page") ?? ""
        adapter.check(section, spec)
        return ScorerReading(.http(spec), adapter)
    }

    /// Reports what cannot be used.
    private func check(_ section: some ScorerSection, _ spec: HTTPScorerSpec) {
        for (key, path) in [("health", health), ("info", info)] {
            if let path, !path.hasPrefix("/") { section.report(key, "must begin with a slash") }
        }
        if section.has("facts"), info == nil {
            section.report("facts", "means nothing without \(section.path(of: "info"))")
        }
        // Absent sections are read for their keys alone.
        if section.has("request"), let problem = HTTPScorer.problem(of: spec) {
            section.report("request", "cannot be used: \(problem)")
        }
    }

    /// The fields that the request names.
    package static func metadataUse(
        of kind: ScorerSpec.Kind
    ) throws(ModelError) -> MetadataUse {
        guard case .http(let spec) = kind else { return .none }
        let takesItems = spec.item != nil
        let use = try PromptTemplate(spec.request, form: .json, takesItems: takesItems).metadataUse
        guard let item = spec.item else { return use }
        return use.union(try PromptTemplate(item, form: .json).metadataUse)
    }

    /// The way to the service.
    package func backend(
        at endpoint: ScorerEndpoint, _ agreed: AgreedFacts
    ) throws(ModelError) -> any ScorerBackend {
        hideSecrets()
        return HTTPBackend(
            http: try ConfiguredModels.http(endpoint), adapter: self, endpoint: endpoint)
    }

    /// Headers that hold no secret.
    private static let open = ["accept", "accept-language", "content-type", "user-agent"]

    /// Hides the values of the headers in whatever a server says.
    private func hideSecrets() {
        for (name, value) in headers where !Self.open.contains(name.lowercased()) {
            Secrets.add(value)
        }
    }

    /// The configured name, and the facts of the page `info`. Throws when `health` or `info` does
    /// not answer.
    func fingerprint(_ http: ModelHTTP, model: String) async throws(ModelError) -> Fingerprint {
        var all = ["server": "http"]
        if let health { _ = try await http.get(health) }
        if let info {
            let url = http.url.appending(info)
            let root = try HTTPScorer.answer(try await http.get(info), url: url)
            let pointer = try JSONPointer(facts)
            guard case .object(let object) = pointer.value(in: root) else {
                throw ModelError(.malformed, "\(url) has no object at `\(pointer.text)`")
            }
            for name in object.keys.sorted().prefix(32) {
                if let text = object[name]?.scalarText, text.utf8.count <= 4_096 {
                    all[String(name.prefix(100))] = Secrets.hiding(in: text)
                }
            }
        }
        all["model"] = model
        return Fingerprint(all)
    }
}

private struct HTTPBackend: ScorerBackend {
    let http: ModelHTTP
    let adapter: HTTPAdapter
    let endpoint: ScorerEndpoint

    func scorer(_ spec: ScorerSpec) throws(ModelError) -> any Scorer {
        guard case .http(let asked) = spec.kind else { throw spec.misplaced }
        return try HTTPScorer(http: http, spec: asked, adapter: adapter, endpoint: endpoint)
    }

    func fingerprint() async throws(ModelError) -> Fingerprint {
        try await adapter.fingerprint(http, model: endpoint.model)
    }
}
