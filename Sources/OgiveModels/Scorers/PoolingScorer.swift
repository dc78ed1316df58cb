package import FoundationEssentials
package import OgiveCore

/// A reward model behind an API that gives one reward for one text, conversation or pair: the
/// raw number of its head.
///
/// Without a template each conversation is a request of its own and the server applies the
/// model's chat template, where it can. With one, batches of texts rendered here share a request.
package struct PoolingScorer: Scorer {
    /// What is asked for; `RewardRoutes` say where each server has it.
    package enum API: String, Sendable {
        /// Models loaded as sequence classifiers.
        case classify
        /// vLLM's `/pooling`.
        case pooling
        /// Pairs of prompt and completion.
        case score
    }

    /// The settings of one scorer.
    package struct Settings: Sendable {
        /// Most texts of a request, where several can share one.
        package var batchSize = 32
        /// Most requests at once, where they cannot.
        package var connections = 16
        /// How a text is made of a conversation; `nil` leaves it to the server.
        package var template: ScoreTemplate?
        /// The label that is the reward, of a model with several.
        package var label: String?
        /// The server; `nil` takes what its pages say.
        package var server: ServerKind?

        /// Whether it is found out at the start that rewards come raw.
        package var checksActivation = true

        /// The defaults.
        package init() {}
    }

    private let server: ServerConnection
    private let api: API
    private let settings: Settings

    /// Speaks to `server`.
    package init(server: ServerConnection, api: API, settings: Settings) {
        self.server = server
        self.api = api
        self.settings = settings
    }

    /// What the server says of itself, the API and the template: each changes the rewards.
    /// Throws `misconfigured` when the server squashes rewards although it is told not to.
    package func fingerprint() async throws(ModelError) -> Fingerprint {
        let profile = try await server.refresh()
        let route = try route(profile)
        if route.hasActivation, settings.checksActivation {
            try await ActivationCheck.run(url: url(route)) { (isRaw) throws(ModelError) in
                try await probe(route, isRaw: isRaw)
            }
        }
        var facts = profile.facts
        facts["endpoint"] = api.rawValue
        facts["template_sha256"] = settings.template.map { SHA256Digest(hashing: $0.text).hex }
        return Fingerprint(facts)
    }

    /// Batches texts and pairs; conversations that the server renders are requests of their own.
    package func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        let route: RewardRoute
        do throws(ModelError) {
            route = try self.route(try await server.known())
        } catch {
            return requests.map { _ in .failure(error) }
        }
        if route.form == .conversation, settings.template == nil {
            return await scoreEach(requests, route)
        }
        var results: [Result<Score, ModelError>] = []
        for batch in Batches.split(requests, sizeMax: settings.batchSize) {
            let inputs = batch.map { input(Conversation($0), key: $0.prompt.key, route) }
            let valid = inputs.compactMap { try? $0.get() }
            let answers = await Batches.isolatingFaults(of: valid) { part in
                await post(Self.joined(part, route), count: part.count, route)
            }
            var answered = answers.makeIterator()
            for input in inputs {
                switch input {
                case .success: results.append(answered.next() ?? .failure(Self.unanswered))
                case .failure(let error): results.append(.failure(error))
                }
            }
        }
        return results
    }

    /// Where the scorer has one place for the prompt, a prompt that is more than one user turn.
    package func refusal(of prompt: Prompt) async -> ModelError? {
        // A server that cannot be asked says so by `fingerprint`.
        guard let profile = try? await server.known(), let route = try? route(profile),
            route.form != .conversation || settings.template != nil
        else { return nil }
        let request = ScoreRequest(prompt: prompt, completion: "")
        guard case .failure(let error) = input(Conversation(request), key: prompt.key, route)
        else { return nil }
        return error
    }

    private static let unanswered = ModelError(.wrongCount, "a text got no score")

    /// The way of this scorer at the server.
    private func route(_ profile: ServerProfile) throws(ModelError) -> RewardRoute {
        // A gateway before vLLM need not have all its pages.
        let kind = settings.server ?? (profile.kind.servesRewards ? profile.kind : .vLLM)
        let route = try kind.rewards.route(api, url: "\(server.http.url)")
        guard route.form != .text || settings.template != nil else {
            throw ModelError(
                .misconfigured,
                "\(server.http.url) (\(kind.yamlName)) applies no chat template to what it "
                    + "scores: set `template`, without the BOS token, which the server adds")
        }
        return route
    }

    private func url(_ route: RewardRoute) -> String { server.http.url.appending(route.path) }

    /// One text or pair.
    private func input(_ conversation: Conversation, key: String, _ route: RewardRoute)
        -> Result<(query: String, reply: String), ModelError>
    {
        if route.form != .pair, let template = settings.template {
            return template.render(conversation, key: key).map { ("", $0) }
        }
        guard let query = conversation.query else {
            return .failure(
                ModelError(
                    .rejected,
                    "prompt `\(key)` is more than one plain user turn, which \(url(route)) cannot "
                        + "carry; use the scorer `classify`"))
        }
        return .success((query, conversation.reply))
    }

    private static func joined(_ part: [(query: String, reply: String)], _ route: RewardRoute)
        -> RewardInput
    {
        route.form == .pair ? .pairs(part) : .texts(part.map(\.reply))
    }

    /// One conversation a request: a batch of `messages` lists is an error at the server.
    private func scoreEach(_ requests: [ScoreRequest], _ route: RewardRoute) async
        -> [Result<Score, ModelError>]
    {
        await Batches.each(requests, atOnce: settings.connections) { request in
            let conversation = Conversation(request)
            if conversation.tools != nil {
                return .failure(
                    ModelError(
                        .rejected,
                        "prompt `\(request.prompt.key)` has tools, which \(url(route)) does not "
                            + "take; use a scorer of kind `command` or `http`, which may"))
            }
            let answer = await post(.messages(conversation.messages), count: 1, route)
            return answer.first ?? .failure(Self.unanswered)
        }
    }

    private func post(_ input: RewardInput, count: Int, _ route: RewardRoute) async
        -> [Result<Score, ModelError>]
    {
        // An empty list would be refused by the server.
        if count == 0 { return [] }
        do throws(ModelError) {
            let reader = reader(route, try await server.known().answeringModels)
            let body = route.shape.body(input, server.model, true)
            let reply = try await server.ask(route.path, body)
            return try reader.rewards(reply.data, count: count, reported: reply.tokens)
        } catch {
            return (0..<count).map { _ in .failure(error) }
        }
    }

    private func reader(_ route: RewardRoute, _ models: [String]?) -> PoolingReader {
        PoolingReader(
            url: url(route), models: models, label: settings.label, shape: route.shape)
    }

    /// The numbers of texts of the check, squashed or not.
    private func probe(_ route: RewardRoute, isRaw: Bool) async throws(ModelError) -> [Double] {
        let reader = reader(route, nil)
        var numbers: [Double] = []
        for text in ActivationCheck.texts {
            let input: RewardInput
            if route.form == .conversation, settings.template == nil {
                input = .messages(text.messages)
            } else {
                input = Self.joined([try self.input(text, key: "check", route).get()], route)
            }
            let body = route.shape.body(input, server.model, isRaw)
            let data = try await server.post(route.path, body)
            numbers += try reader.values(data, count: 1)[0].compactMap(\.value)
        }
        return numbers
    }
}

/// Reads the answers of servers of reward models.
package struct PoolingReader {
    /// The API, for messages.
    let url: String
    /// The names under which the server's model may answer; `nil` takes any.
    let models: [String]?
    /// The label that is the reward; `nil` where there is only one.
    let label: String?
    private let shape: RewardRoute.Shape

    /// Reads answers of `url` in a server's shape.
    init(url: String, models: [String]?, label: String?, shape: RewardRoute.Shape) {
        self.url = url
        self.models = models
        self.label = label
        self.shape = shape
    }

    /// One entry for each of the `count` texts that were sent, with what they took as far as the
    /// answer, or else `reported`, says. Throws when the answer as a whole is not what was asked
    /// for.
    package func rewards(_ body: Data, count: Int, reported: TokenCount? = nil) throws(ModelError)
        -> [Result<Score, ModelError>]
    {
        let (values, tokens) = try shape.read(body, count, url, models)
        return values.map { values in
            Result { () throws(ModelError) in
                Score(try LabelledValue.reward(values, label: label, url: url))
            }
        }.charged(tokens ?? reported)
    }

    /// All numbers of each of the `count` texts.
    func values(_ body: Data, count: Int) throws(ModelError) -> [[LabelledValue]] {
        try shape.read(body, count, url, models).values
    }
}

/// Finds out whether a server that is told to leave its activation out does so: it is asked for the
/// rewards of the same texts with and without.
///
/// Servers ignore fields that they do not know, and then a sigmoid squashes rewards without a word.
enum ActivationCheck {
    /// What is scored: short, and unlike each other.
    static let texts = [
        ("What is 2 + 2?", "2 + 2 = 4."), ("What is 2 + 2?", "potato potato"),
        ("Hello!", "Hello! How can I help you today?"),
    ].map { question, answer in
        Conversation(context: [ChatMessage(role: "user", content: question)], reply: answer)
    }

    /// How far two answers to the same question may differ.
    static let tolerance = 1e-6

    /// Throws `misconfigured` when rewards come squashed. `numbers` gives those of `texts`, raw or
    /// not. A server that does not answer now is not judged: what is asked of it next will tell.
    static func run(
        url: String, _ numbers: (_ isRaw: Bool) async throws(ModelError) -> [Double]
    ) async throws(ModelError) {
        let raw: [Double]
        let squashed: [Double]
        do throws(ModelError) {
            raw = try await numbers(true)
            squashed = try await numbers(false)
        } catch {
            if [.unauthorized, .unsupported, .wrongModel].contains(error.code) { throw error }
            return
        }
        guard areSquashed(raw, squashed) else { return }
        throw ModelError(
            .misconfigured,
            "\(url) gives the same numbers between 0 and 1 (\(raw.prefix(3))) whether it is told "
                + "to leave its activation out or not: these are no raw rewards; update the "
                + "server, or, when the model's raw rewards are such, set `check_activation: false`"
        )
    }

    /// Whether being told made no difference, and the numbers may be probabilities.
    static func areSquashed(_ raw: [Double], _ squashed: [Double]) -> Bool {
        guard !raw.isEmpty, raw.count == squashed.count else { return false }
        let isSame = zip(raw, squashed).allSatisfy { abs($0 - $1) <= tolerance }
        return isSame && raw.allSatisfy { (0...1).contains($0) }
    }
}
