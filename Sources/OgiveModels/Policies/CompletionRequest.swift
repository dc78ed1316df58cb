internal import OgiveCore

/// A request for draws, with every sampling parameter given: servers' own defaults are not
/// neutral, and servers ignore fields that they do not know.
struct CompletionRequest: Sendable {
    /// What is continued.
    enum Input: Sendable {
        case messages([ChatMessage], tools: String? = nil)
        /// A chat whose last turn, the assistant's, is continued rather than answered.
        case partial([ChatMessage], tools: String? = nil, fields: [String: JSONValue])
        case text(String)
    }

    var spec: PolicySpec
    var input: Input
    var parameters: SamplingParameters
    var seed: UInt64
    var count: Int

    private typealias Fields = [String: JSONValue]

    /// The endpoint that it goes to.
    func path(_ dialect: ServerDialect) -> String {
        isChat ? dialect.chatPath : dialect.textPath
    }

    /// The body.
    func body(_ dialect: ServerDialect) -> JSONValue {
        var body: Fields = ["stream": .flag(false)]
        if dialect.sendsModel { body["model"] = .text(spec.model) }
        var sampling = sampling(dialect)
        if dialect.seedsChoices { sampling["n"] = .integer(Int64(count)) }
        if let field = dialect.parametersField {
            body[field] = .object(sampling)
        } else {
            body.merge(sampling) { _, new in new }
        }
        body.merge(inputFields(dialect)) { _, new in new }
        // Reserved names were refused before; one that gets here all the same is left out.
        for (name, value) in spec.extraBody ?? [:] where !PolicySpec.reservedFields.contains(name) {
            body[name] = value
        }
        return .object(body)
    }

    private var isChat: Bool {
        if case .text = input { false } else { true }
    }

    private func sampling(_ dialect: ServerDialect) -> Fields {
        var fields = dialect.off
        fields["temperature"] = .number(parameters.temperature)
        let chatMaxTokens = dialect.chatMaxTokens ?? dialect.maxTokens
        fields[isChat ? chatMaxTokens : dialect.maxTokens] =
            .integer(Int64(parameters.maxTokens))
        // No seed of a draw is beyond 2⁶³.
        let sent = dialect.takesWideSeeds ? seed : DrawSeed.lower(seed)
        fields["seed"] = .integer(Int64(clamping: sent))
        if !parameters.stop.isEmpty { fields["stop"] = .list(parameters.stop.map { .text($0) }) }
        for (field, value, isOff) in [
            (dialect.topP, JSONValue.number(parameters.topP), parameters.topP == 1),
            (dialect.topK, .integer(Int64(parameters.topK)), parameters.topK == 0),
            (dialect.minP, .number(parameters.minP), parameters.minP == 0),
        ] {
            if let field { fields[field.name] = isOff ? field.off : value }
        }
        return fields
    }

    private func inputFields(_ dialect: ServerDialect) -> Fields {
        var fields: Fields = [:]
        // Log-probabilities tell how many tokens there are.
        if let name = dialect.tokenIDs, spec.logProbabilities != .sum {
            fields[name] = .flag(true)
        }
        let wantsLogProbabilities = spec.logProbabilities != .none
        let alternatives = dialect.alternatives.map(JSONValue.integer)
        switch input {
        case .text(let prompt):
            fields["prompt"] = .text(prompt)
            fields.merge(dialect.textFields) { _, new in new }
            if wantsLogProbabilities { fields["logprobs"] = alternatives }
        case .messages(let messages, let tools), .partial(let messages, let tools, _):
            fields["messages"] = .messages(messages)
            fields.merge(dialect.chatFields) { _, new in new }
            if let tools, case .fields(let more) = dialect.tools {
                fields["tools"] = .raw(tools)
                fields.merge(more) { _, new in new }
            }
            if wantsLogProbabilities {
                fields["logprobs"] = .flag(true)
                fields["top_logprobs"] = alternatives
            }
        }
        if case .partial(_, _, let more) = input { fields.merge(more) { _, new in new } }
        return fields
    }
}

/// Splits the draws of a request into requests to the server.
///
/// Choice i of a request `seed: s, n: k` has the seed s + i, so only consecutive indexes can share
/// a request; which they share does not change what is drawn.
package enum DrawGroups {
    /// Ranges of consecutive indexes, each at most `sizeMax` long, in order. `indexes` ascends.
    package static func split(_ indexes: [Int32], sizeMax: Int) -> [ClosedRange<Int32>] {
        var groups: [ClosedRange<Int32>] = []
        for index in indexes {
            if let last = groups.last, last.upperBound < .max, index == last.upperBound + 1,
                last.count < max(1, sizeMax)
            {
                groups[groups.count - 1] = last.lowerBound...index
            } else {
                groups.append(index...index)
            }
        }
        return groups
    }
}
