package import OgiveCore

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
