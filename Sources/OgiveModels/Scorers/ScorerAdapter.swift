package import OgiveCore

/// How one kind of scorer is served, or several with the same keys: what the section `scorer`
/// says of it that is no part of the specification, and what is made of that.
///
/// A new kind is a case of `ScorerSpec.Kind`, a type that conforms to this, and its line in
/// `ScorerSpec.Kind.Name.adapter`.
package protocol ScorerAdapter: Sendable {
    /// The keys of the section `scorer` that are of these kinds alone.
    static var keys: [ScorerKey] { get }
    /// Whether a server is asked, whose address is needed.
    static var isServed: Bool { get }
    /// What is to be written as `model` when a server is asked.
    static var modelHint: String { get }

    /// Reads its keys. It asks for all of them whatever `kind` is, so that the known keys follow
    /// from the code; the result counts when the kind is its own.
    static func read(
        _ kind: ScorerSpec.Kind.Name, from section: some ScorerSection
    ) -> ScorerReading

    /// Which metadata of prompts the rewards of a kind of its own depend on. Throws
    /// `invalidSpecification` when a template is none.
    static func metadataUse(of kind: ScorerSpec.Kind) throws(ModelError) -> MetadataUse

    /// The kind.
    var kind: ScorerSpec.Kind.Name { get }
    /// Whether completions share a request.
    var sharesRequests: Bool { get }

    /// What scorers at `endpoint` run on; connects to nothing yet. `agreed` is shared by the
    /// endpoints of one model. Throws `misconfigured`.
    func backend(
        at endpoint: ScorerEndpoint, _ agreed: AgreedFacts
    ) throws(ModelError) -> any ScorerBackend
}

extension ScorerAdapter {
    /// No server is asked.
    package static var isServed: Bool { false }
    /// The servers that are known report the names of their models.
    package static var modelHint: String { "write the id that the server reports" }
    /// None.
    package static func metadataUse(
        of kind: ScorerSpec.Kind
    ) throws(ModelError) -> MetadataUse { .none }
    /// They do.
    package var sharesRequests: Bool { true }
}

/// What the scorers of one endpoint run on: made once, whatever specifications it serves later.
package protocol ScorerBackend: Sendable {
    /// The scorer of a specification whose kind and model are those of the endpoint.
    func scorer(_ spec: ScorerSpec) throws(ModelError) -> any Scorer

    /// What identifies the scorer whatever its specification: rules, rubrics and requests are part
    /// of that, and the worker learns them later.
    func fingerprint() async throws(ModelError) -> Fingerprint

    /// The model server that it speaks to, where it is one.
    var server: ServerConnection? { get }
    /// The subprocesses that have to be kept alive.
    var commands: [CommandScorer] { get }
    /// What lets one see the server's tokens; `nil` where there is no model server.
    func inspector(for spec: ScorerSpec) -> (any ModelInspector)?
}

extension ScorerBackend {
    /// None.
    package var server: ServerConnection? { nil }
    /// None.
    package var commands: [CommandScorer] { [] }
    /// None.
    package func inspector(for spec: ScorerSpec) -> (any ModelInspector)? { nil }
}

/// A key of the section `scorer` that means something for some kinds alone.
package struct ScorerKey: Sendable {
    /// The key.
    package var name: String
    /// The kinds.
    package var kinds: Set<ScorerSpec.Kind.Name>
    /// Whether they need it.
    package var isRequired: Bool

    /// Names the key and its kinds.
    init(_ name: String, of kinds: Set<ScorerSpec.Kind.Name>, isRequired: Bool = false) {
        self.name = name
        self.kinds = kinds
        self.isRequired = isRequired
    }
}

/// What the keys of a kind say.
package struct ScorerReading: Sendable {
    /// What is part of the identity.
    package var kind: ScorerSpec.Kind
    /// What is not.
    package var adapter: any ScorerAdapter
    /// The name of the model where the file gives none.
    package var model: String

    /// Joins the parts; a model without another name is called like its kind.
    init(_ kind: ScorerSpec.Kind, _ adapter: any ScorerAdapter, model: String? = nil) {
        self.kind = kind
        self.adapter = adapter
        self.model = model ?? kind.name.rawValue
    }

    /// Reads the keys of all kinds, so that all are known, and gives what those of `kind` say.
    package static func all(
        of kind: ScorerSpec.Kind.Name, from section: some ScorerSection
    ) -> ScorerReading {
        let own = kind.adapter
        for other in ScorerSpec.Kind.Name.adapters where other != own {
            _ = other.read(kind, from: section)
        }
        return own.read(kind, from: section)
    }
}

extension ScorerSpec.Kind.Name {
    /// How the kind is served.
    package var adapter: any ScorerAdapter.Type {
        switch self {
        case .verifier: VerifierAdapter.self
        case .rerank, .classify, .pooling, .score: RewardModelAdapter.self
        case .http: HTTPAdapter.self
        case .judge: JudgeAdapter.self
        case .weighted: WeightedAdapter.self
        case .command: CommandAdapter.self
        case .synthetic: SyntheticAdapter.self
        case .adopted: AdoptedAdapter.self
        }
    }

    /// The adapters of all kinds that can be asked, each once.
    package static var adapters: [any ScorerAdapter.Type] {
        var known: Set<ObjectIdentifier> = []
        return askable.map { $0.adapter }.filter { known.insert(ObjectIdentifier($0)).inserted }
    }
}

extension ScorerSpec {
    /// Which metadata of prompts the reward depends on. Throws `invalidSpecification` when a
    /// template is none.
    package func metadataUse() throws(ModelError) -> MetadataUse {
        try kind.name.adapter.metadataUse(of: kind)
    }

    /// Why the backend of another kind gives no scorer.
    var misplaced: ModelError {
        ModelError(
            .invalidSpecification,
            "scorer `\(model)` is of kind `\(kind.name.rawValue)`, which this endpoint does not "
                + "serve")
    }
}
