package import FoundationEssentials
package import OgiveCore

/// Turns an answer's choices into completions, matched by their index.
package struct ChoiceReader {
    /// The endpoint, for messages.
    let url: String
    /// Whether log-probabilities were asked for.
    let logProbabilities: Bool
    /// Whether the tokens and their values are kept, not their sum alone.
    package var readsTokens = false
    /// The names under which the server's model may answer; `nil` takes any.
    let models: [String]?
    /// Whether the tokens that an answer of one choice counts are those of its log-probabilities.
    package var countsTokens = false
    /// Whether the server gave log-probabilities before: then one answer without them says nothing
    /// of the server.
    package var hasLogProbabilities = false

    private let dialect: ServerDialect

    /// Reads answers of `url`, which is of a `server`.
    package init(
        url: String, logProbabilities: Bool, models: [String]? = nil, server: ServerKind = .other
    ) {
        self.url = url
        self.logProbabilities = logProbabilities
        self.models = models
        dialect = server.dialect
    }

    /// One entry for each of the `count` choices asked for; a missing one is `wrongCount`, one that
    /// cannot be read `malformed`, and its neighbours need not suffer for either. Indexes that
    /// repeat or were not asked for make the whole answer malformed: which draw is which cannot be
    /// known then.
    package func completions(_ body: Data, count: Int) throws(ModelError)
        -> [Result<Completion, ModelError>]
    {
        let answer = try dialect.read(body, url)
        try ServedModel.check(answer.model, among: models, url: url)
        var slots = [Result<Completion, ModelError>?](repeating: nil, count: count)
        var absence = ModelError(
            .wrongCount, "\(url) answered \(answer.choices.count) choices instead of \(count)")
        for entry in answer.choices {
            guard let index = entry.index else {
                // It is one of those that are missing.
                absence = unreadable
                continue
            }
            guard slots.indices.contains(index), slots[index] == nil else {
                throw ModelError(
                    .malformed,
                    "\(url) answered choice \(index) twice, or though only \(count) were asked for")
            }
            slots[index] = Result { () throws(ModelError) in
                guard case .choice(let choice) = entry else { throw unreadable }
                var completion = try completion(choice, answer, isAlone: count == 1)
                // The prompt is read once for all choices.
                if index == 0 {
                    completion.promptTokenCount = answer.usage?.promptTokens.flatMap {
                        Int32(exactly: $0).map { max(0, Int($0)) }
                    }
                }
                return completion
            }
        }
        return slots.map { $0 ?? .failure(absence) }
    }

    private var unreadable: ModelError {
        ModelError(.malformed, "\(url) answered a choice without a text, or without its index")
    }

    private func completion(
        _ choice: CompletionAnswer.Choice, _ answer: CompletionAnswer, isAlone: Bool
    ) throws(ModelError) -> Completion {
        let reason = try reason(choice)
        // llama.cpp counts the tokens of one of several choices.
        let usage = isAlone ? answer.usage : nil
        let counted = usage?.completionTokens
        let reported = choice.logprobs?.values.count ?? choice.tokenIDs?.count
        let text = try text(choice, answer, tokens: [reported, counted].compactMap(\.self).max())
        var tokens = choice.tokenIDs?.count ?? reported ?? counted
        if countsTokens, let counted { tokens = max(counted, tokens ?? counted) }
        var completion = Completion(
            text: text, tokenCount: tokens.flatMap { Int32(exactly: $0) }.map { max(0, Int($0)) },
            finishReason: reason, logProbability: nil)
        let values = try values(choice, text, tokens: tokens)
        completion.logProbability = values?.reduce(0, +)
        if readsTokens {
            completion.tokenLogProbabilities = values
            completion.tokenIDs = tokenIDs(choice)
        }
        return completion
    }

    /// Why the completion ended. Throws when there is none.
    private func reason(_ choice: CompletionAnswer.Choice) throws(ModelError) -> FinishReason {
        if let error = choice.error { throw HTTPFailure.error(url: url, reported: error) }
        let name = choice.finishReason?.prefix(60) ?? "none"
        switch FinishReason.meaning(of: choice.finishReason) {
        case .givenUp:
            throw ModelError(
                .serverError,
                "\(url) gave the request up (finish_reason `\(name)`); see the server's log")
        case .filtered:
            throw ModelError(
                .filtered, "\(url) withheld what was sampled (finish_reason `\(name)`)")
        case .toolCall: throw cut("tool parser")
        case .ended(let reason):
            if let refusal = choice.refusal, !refusal.isEmpty {
                throw ModelError(
                    .filtered, "\(url) answered a refusal beside the text: \(refusal.prefix(200))")
            }
            if let setting = choice.cut { throw cut(setting) }
            return reason
        }
    }

    /// The whole text. Throws when a part of what was sampled is not in it.
    private func text(
        _ choice: CompletionAnswer.Choice, _ answer: CompletionAnswer, tokens: Int?
    ) throws(ModelError) -> String {
        if let thoughts = answer.usage?.reasoningTokens, thoughts > 0 {
            throw cut("reasoning parser")
        }
        if let text = choice.text { return text }
        // The end token alone is an empty completion.
        guard let tokens, tokens <= 1 else { throw cut("parsers") }
        return ""
    }

    private func cut(_ setting: String) -> ModelError {
        ModelError(
            .cutOut,
            "\(url) cuts parts out of the sampled text; start the server without its \(setting), "
                + "or turn thoughts off by `policy.extra_body`")
    }

    /// The log-probabilities of all sampled tokens; `nil` where one of them is not known. Throws
    /// when the server has never given any.
    private func values(
        _ choice: CompletionAnswer.Choice, _ text: String, tokens: Int?
    ) throws(ModelError) -> [Double]? {
        guard logProbabilities else { return nil }
        guard let reported = choice.logprobs?.values else {
            guard hasLogProbabilities || text.isEmpty else {
                throw ModelError(
                    .unsupported,
                    "\(url) answered without log-probabilities; serve the model with them, or set "
                        + "`policy.logprobs: none`")
            }
            return nil
        }
        let values = reported.compactMap(\.self)
        guard values.count == reported.count, values.count == tokens ?? values.count,
            !values.isEmpty || text.isEmpty,
            values.allSatisfy(PossibleLogProbability.isPossible(ofToken:)),
            // The bytes of a token are lost, and with llama.cpp its value too.
            !text.unicodeScalars.contains("\u{FFFD}")
        else { return nil }
        return values
    }

    /// The sampled tokens; `nil` where the server does not report them all.
    private func tokenIDs(_ choice: CompletionAnswer.Choice) -> [Int32]? {
        guard let ids = choice.tokenIDs ?? choice.logprobs?.ids else { return nil }
        let known = ids.compactMap { Int32(exactly: $0) }.filter { $0 >= 0 }
        guard known.count == ids.count, ids.count == choice.logprobs?.values.count ?? ids.count
        else { return nil }
        return known
    }
}

extension CompletionAnswer.Entry {
    /// The place of the choice; `nil` where it cannot be read.
    fileprivate var index: Int? {
        switch self {
        case .choice(let choice): choice.index
        case .unreadable(let index): index
        }
    }
}
