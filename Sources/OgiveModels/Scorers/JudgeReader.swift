package import FoundationEssentials
package import OgiveCore

/// Reads the number in a judge's answer.
package struct JudgeReader: Sendable {
    private let spec: JudgeSpec
    private let pattern: PatternMatcher?
    private let pointer: JSONPointer?

    /// Takes the rule; throws `invalidSpecification` when its expression or pointer is none.
    package init(_ spec: JudgeSpec) throws(ModelError) {
        self.spec = spec
        pattern = if let text = spec.pattern { try PatternMatcher(text) } else { nil }
        pointer = if let text = spec.pointer { try JSONPointer(text) } else { nil }
    }

    private struct Answer: Decodable {
        struct Choice: Decodable {
            struct Message: Decodable {
                var content: String?
                var refusal: String?
            }
            var message: Message
            var finish_reason: String?
        }

        var model: String?
        var choices: [Choice]
        var usage: ServerUsage?
    }

    /// The reward of an answer of `/v1/chat/completions`, and what it took. Throws what the answer
    /// lacks.
    package func score(
        _ body: Data, url: String, models: [String]? = nil
    ) async throws(ModelError) -> Score {
        let said = try read(body, url: url, models: models)
        let match = spec.rule == .regex ? try await pattern?.last(in: said.text) : nil
        return Score(try reward(said.text, match: match), tokens: said.tokens)
    }

    /// What the judge said, and what it took. Throws when it said nothing, or not all of it.
    package func read(
        _ body: Data, url: String, models: [String]? = nil
    ) throws(ModelError) -> (text: String, tokens: TokenCount?) {
        let answer = try ServerAnswer.decode(Answer.self, body, url: url)
        try ServedModel.check(answer.model, among: models, url: url)
        guard answer.choices.count == 1 else {
            throw ModelError(
                .wrongCount, "\(url) answered \(answer.choices.count) choices instead of 1")
        }
        let choice = answer.choices[0]
        switch FinishReason.meaning(of: choice.finish_reason) {
        case .ended(.length):
            throw ModelError(
                .malformed,
                "the judge at \(url) was cut off at \(spec.maxTokens) tokens: raise "
                    + "judge.max_tokens, or ask for a shorter answer")
        case .givenUp:
            throw ModelError(
                .serverError,
                "the judge at \(url) gave the request up (finish_reason "
                    + "`\(choice.finish_reason ?? "")`); see the server's log")
        case .filtered: throw ModelError(.filtered, "the judge at \(url) withheld its answer")
        case .ended, .toolCall: break
        }
        if let refusal = choice.message.refusal, !refusal.isEmpty {
            throw ModelError(
                .filtered, "the judge at \(url) refused to answer: \(refusal.prefix(200))")
        }
        return (choice.message.content ?? "", answer.usage?.tokens)
    }

    /// The reward in the text of a judge, in which the expression found `match`. Throws `malformed`
    /// when there is none, or one out of range.
    package func reward(_ text: String, match: String?) throws(ModelError) -> Double {
        let number: Double? =
            switch spec.rule {
            case .lastNumber: FinalNumber.last(in: text)
            case .regex: match.flatMap(Self.number)
            case .json: Self.json(text).flatMap { pointer?.value(in: $0)?.double }
            }
        guard let number, number.isFinite else {
            throw ModelError(
                .malformed,
                "the judge gave no number (judge.parse: \(spec.rule.rawValue)); it said: "
                    + Self.excerpt(text))
        }
        guard (spec.minimum...spec.maximum).contains(number) else {
            throw ModelError(
                .malformed,
                "the judge gave \(number), which is not in \(spec.minimum)…\(spec.maximum); it "
                    + "said: \(Self.excerpt(text))")
        }
        return number
    }

    private static func number(_ text: String) -> Double? {
        let bytes = text.utf8.filter { $0 != UInt8(ascii: " ") }
        return Double(String(decoding: bytes, as: UTF8.self))
    }

    /// The answer as JSON: the whole of it, or from its first `{` to its last `}`.
    private static func json(_ text: String) -> JSONValue? {
        if let whole = try? BoundedJSON.decode(JSONValue.self, from: Data(text.utf8)) {
            return whole
        }
        guard let start = text.firstIndex(of: "{"), let end = text.lastIndex(of: "}"), start < end
        else { return nil }
        return try? BoundedJSON.decode(JSONValue.self, from: Data(text[start...end].utf8))
    }

    private static func excerpt(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.isEmpty ? "nothing" : "`…\(line.suffix(200))`"
    }
}
