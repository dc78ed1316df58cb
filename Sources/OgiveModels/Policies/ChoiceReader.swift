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
    /// Whether an answer is one choice by itself, as Ollama gives it.
    package var readsOneChoice = false

    /// Reads answers of `url`.
    package init(url: String, logProbabilities: Bool, models: [String]? = nil) {
        self.url = url
        self.logProbabilities = logProbabilities
        self.models = models
    }

    /// One entry for each of the `count` choices asked for; a missing one is `wrongCount`, which
    /// its neighbours need not suffer for. Indexes that repeat or were not asked for make the whole
    /// answer malformed: which draw is which cannot be known then.
    package func completions(_ body: Data, count: Int) throws(ModelError)
        -> [Result<Completion, ModelError>]
    {
        let answer =
            readsOneChoice
            ? try ServerAnswer.decode(OneChoiceAnswer.self, body, url: url).answer
            : try ServerAnswer.decode(CompletionAnswer.self, body, url: url)
        try ServedModel.check(answer.model, among: models, url: url)
        var slots = [Result<Completion, ModelError>?](repeating: nil, count: count)
        for choice in answer.choices {
            guard slots.indices.contains(choice.index), slots[choice.index] == nil else {
                throw ModelError(
                    .malformed,
                    "\(url) answered choice \(choice.index) twice, or though only \(count) were "
                        + "asked for")
            }
            slots[choice.index] = Result { () throws(ModelError) in
                var completion = try completion(choice, usage: count == 1 ? answer.usage : nil)
                // The prompt is read once for all choices.
                if choice.index == 0 {
                    completion.promptTokenCount = answer.usage?.prompt_tokens.flatMap {
                        Int32(exactly: $0).map { max(0, Int($0)) }
                    }
                }
                return completion
            }
        }
        return slots.map {
            $0
                ?? .failure(
                    ModelError(
                        .wrongCount,
                        "\(url) answered \(answer.choices.count) choices instead of \(count)"))
        }
    }

    /// `usage` is that of this choice alone, if known: llama.cpp counts one of several choices.
    private func completion(_ choice: CompletionAnswer.Choice, usage: CompletionAnswer.Usage?)
        throws(ModelError) -> Completion
    {
        if let setting = choice.message?.cut {
            throw ModelError(
                .misconfigured,
                "\(url) cuts parts out of the sampled text; start the server without its "
                    + "\(setting)")
        }
        guard let text = choice.text ?? choice.message.map({ $0.content ?? "" }) else {
            throw ModelError(
                .malformed, "\(url) answered choice \(choice.index) without a text")
        }
        let sum = try sum(choice)
        let tokens =
            choice.logprobs?.values.count ?? choice.token_ids?.count ?? usage?.completion_tokens
        var completion = Completion(
            text: text, tokenCount: tokens.flatMap { Int32(exactly: $0) }.map { max(0, Int($0)) },
            finishReason: finishReason(choice.finish_reason), logProbability: sum)
        if readsTokens {
            completion.tokenLogProbabilities = choice.logprobs?.values.compactMap(\.self)
            completion.tokenIDs = try tokenIDs(choice)
        }
        return completion
    }

    /// The sampled tokens; `nil` where the server does not tell them.
    private func tokenIDs(_ choice: CompletionAnswer.Choice) throws(ModelError) -> [Int32]? {
        guard let ids = choice.token_ids ?? choice.logprobs?.ids else { return nil }
        let known = ids.compactMap { Int32(exactly: $0) }.filter { $0 >= 0 }
        guard known.count == ids.count, ids.count == choice.logprobs?.values.count ?? ids.count
        else {
            throw ModelError(
                .malformed,
                "\(url) answered choice \(choice.index) with \(ids.count) tokens and "
                    + "\(choice.logprobs?.values.count ?? 0) log-probabilities, or with ids that "
                    + "are none")
        }
        return known
    }

    private func sum(_ choice: CompletionAnswer.Choice) throws(ModelError) -> Double? {
        guard logProbabilities else { return nil }
        guard let values = choice.logprobs?.values else {
            throw ModelError(
                .unsupported,
                "\(url) answered without log-probabilities; serve the model with them, or set "
                    + "`policy.logprobs: none`")
        }
        var sum = 0.0
        for value in values { sum += value ?? .nan }
        // A missing value, one that is not finite, or a sum beyond the range.
        guard sum.isFinite else {
            throw ModelError(
                .malformed,
                "\(url) answered choice \(choice.index) with a log-probability that is no "
                    + "finite number")
        }
        return sum
    }

    private func finishReason(_ name: String?) -> FinishReason {
        switch name {
        case "stop": .stop
        case "length": .length
        default: .other
        }
    }
}
