internal import FoundationEssentials
internal import OgiveCore

/// How requests to one kind of policy server, and its answers, differ from those of the others.
///
/// Servers ignore fields that they do not know, so what a dialect does not name is never sent, and
/// a specification that needs it is refused.
struct ServerDialect: Sendable {
    /// A sampling parameter as the server calls it.
    struct Parameter: Sendable {
        /// The field.
        var name: String
        /// What is sent when the parameter is off; `nil` leaves the field out.
        var off: JSONValue?
    }

    /// Which log-probabilities come with draws.
    enum LogProbabilities: Sendable {
        /// The model's own, at temperature 1, whatever the parameters are.
        case ofModel
        /// Those at the temperature of the request: the model's own at temperature 1 only.
        case atTemperature
        /// Those of the distribution that is drawn from: the model's own when nothing shapes it.
        case asDrawn
        /// None that would be log π_ref(y|x), for this reason.
        case none(String)
    }

    /// How log-probabilities of tokens that are given are asked for.
    enum Given: Sendable {
        /// By this request.
        case asked(GivenRoute)
        /// Not at all, for this reason.
        case none(String)
    }

    /// How the assistant's partial turn is continued.
    enum PartialTurn: Sendable {
        /// By these fields of a chat request.
        case fields([String: JSONValue])
        /// The server renders the chat, and the text is continued.
        case rendered(path: String)
        /// Always, but the server cuts white space off the end of the turn.
        case trimmed
        /// Not at all.
        case none
    }

    /// How the policy gets a chat's tools.
    enum Tools: Sendable {
        /// By `tools` of a chat request, with these fields beside it.
        case fields([String: JSONValue])
        /// The server renders the chat with them, and the text is continued.
        case rendered(path: String)
        /// Not at all, for this reason.
        case none(String)
    }

    /// Where chats and plain texts are sent.
    var chatPath = "/v1/chat/completions"
    var textPath = "/v1/completions"
    /// Reads an answer that came from an address.
    var read: @Sendable (_ answer: Data, _ url: String) throws(ModelError) -> CompletionAnswer = {
        (data, url) throws(ModelError) in
        try ServerAnswer.decode(CompletionAnswer.self, data, url: url)
    }
    /// The object of the request that sampling parameters are put into; `nil` is the request.
    var parametersField: String?
    /// Whether the model is named in requests.
    var sendsModel = true
    /// Whether choice i of a request with the seed s is the draw of the seed s + i. Where it is
    /// not, each draw is a request of its own.
    var seedsChoices = false
    /// Whether it reads seeds as 64 bits; others are sent the lower 31.
    var takesWideSeeds = false
    var maxTokens = "max_tokens"
    /// The same in chats, where it has another name there.
    var chatMaxTokens: String?
    var topP: Parameter? = Parameter(name: "top_p", off: .integer(1))
    var topK: Parameter?
    var minP: Parameter?
    /// Other parameters, all off: a server's own defaults need not be.
    var off: [String: JSONValue] = [:]
    /// Other fields of requests that continue a chat, or a text.
    var chatFields: [String: JSONValue] = [:]
    var textFields: [String: JSONValue] = [:]
    var logProbabilities = LogProbabilities.asDrawn
    /// Alternatives besides the sampled token that are asked for; `nil` leaves the field out.
    var alternatives: Int64? = 0
    /// The field that asks for the ids of the tokens.
    var tokenIDs: String?
    var partialTurn = PartialTurn.none
    var given = Given.none("Ogive knows no request of it for that")
    var tools = Tools.none("Ogive does not know whether it would tell its model of them")
    /// Whether turns may have fields beside role and content.
    var takesFieldsOfTurns = true
}

extension ServerDialect {
    /// Why a server of this kind cannot sample as `spec` and `parameters` say; `nil` when it can.
    func refusal(
        of spec: PolicySpec, _ parameters: SamplingParameters, server: String
    ) -> ModelError? {
        for (name, isOff, field) in [
            ("top_p", parameters.topP == 1, topP), ("top_k", parameters.topK == 0, topK),
            ("min_p", parameters.minP == 0, minP),
        ] where !isOff && field == nil {
            return ModelError(
                .unsupported,
                "\(server) has no `\(name)`, which `policy.sampling` sets, and would ignore it; "
                    + "leave it out, or use another server (`policy.server` says which it is)")
        }
        if spec.logProbabilities != .none, let reason = reason(against: parameters) {
            return ModelError(
                .unsupported,
                "\(server) does not give log π_ref(y|x) of draws: \(reason); "
                    + "set `policy.logprobs: none`")
        }
        return nil
    }

    /// Why log-probabilities would not be the model's own.
    private func reason(against parameters: SamplingParameters) -> String? {
        let isTempered = parameters.temperature != 1
        switch logProbabilities {
        case .ofModel: return nil
        case .none(let reason): return reason
        case .atTemperature:
            return isTempered ? "its log-probabilities are those at the temperature" : nil
        case .asDrawn:
            let isNeutral = parameters.topP == 1 && parameters.topK == 0 && parameters.minP == 0
            return isTempered || !isNeutral
                ? "its log-probabilities depend on temperature, top_p, top_k and min_p" : nil
        }
    }
}
