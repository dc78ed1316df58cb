package import FoundationEssentials
internal import Glibc
package import OgiveCore

/// A judge's expected grade: the mean of the grades over the probabilities that the model gives to
/// them as the first token of its answer.
///
/// With p(t) the probability of token t and g(t) its grade, the reward is Σ p(t) g(t) / Σ p(t) over
/// the tokens that are grades (G-Eval, arXiv 2303.16634, equation 1). It has no noise of sampling,
/// and few ties. Too little probability on grades is a failure and never a reward.
package struct ExpectedGrade: Sendable {
    private let grades: [String: Double]
    private let minimumMass: Double
    private let tokens: Int

    /// Takes the grades of a rubric.
    package init(_ spec: JudgeSpec) {
        grades = spec.gradeOfToken
        minimumMass = spec.minimumMass ?? JudgeSpec.massDefault
        tokens = spec.tokens ?? JudgeSpec.tokensDefault
    }

    /// The fields of a request. The temperature is 1, so that servers that tell the probabilities
    /// after it tell the model's own.
    package var fields: [String: JSONValue] {
        [
            "logprobs": .flag(true), "top_logprobs": .integer(Int64(tokens)),
            "max_tokens": .integer(1), "temperature": .integer(1),
        ]
    }

    private struct Answer: Decodable {
        struct Choice: Decodable {
            struct LogProbabilities: Decodable {
                struct Position: Decodable {
                    struct Token: Decodable {
                        var token: String
                        var logprob: Double?
                    }
                    var top_logprobs: [Token]?
                }
                var content: [Position]?
            }
            var logprobs: LogProbabilities?
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
    ) throws(ModelError) -> Score {
        let answer = try ServerAnswer.decode(Answer.self, body, url: url)
        try ServedModel.check(answer.model, among: models, url: url)
        guard answer.choices.count == 1 else {
            throw ModelError(
                .wrongCount, "\(url) answered \(answer.choices.count) choices instead of 1")
        }
        let choice = answer.choices[0]
        switch FinishReason.meaning(of: choice.finish_reason) {
        case .givenUp:
            throw ModelError(
                .serverError,
                "the judge at \(url) gave the request up (finish_reason "
                    + "`\(choice.finish_reason ?? "")`); see the server's log")
        case .filtered: throw ModelError(.filtered, "the judge at \(url) withheld its answer")
        // One token is asked for.
        case .ended, .toolCall: break
        }
        guard let first = choice.logprobs?.content?.first, let top = first.top_logprobs,
            !top.isEmpty
        else {
            throw ModelError(
                .malformed,
                "the judge at \(url) told no top_logprobs of its first token, which "
                    + "judge.parse: expected_grade needs; another parse rule reads its text")
        }
        let reward = try reward(
            top.map { (token: $0.token, logProbability: $0.logprob ?? -.infinity) })
        return Score(reward, tokens: answer.usage?.tokens)
    }

    /// The mean grade over the tokens that are grades. Throws `malformed` when they have too little
    /// probability together.
    package func reward(
        _ top: [(token: String, logProbability: Double)]
    ) throws(ModelError) -> Double {
        var mass = 0.0
        var sum = 0.0
        for (token, logProbability) in top {
            guard let grade = grades[Self.trimmed(token)] else { continue }
            // Rounding may put it a little above 0.
            let probability = exp(min(0, logProbability))
            mass += probability
            sum += probability * grade
        }
        // The mass of nothing is no divisor.
        guard mass > 0, mass >= minimumMass else {
            throw ModelError(
                .malformed,
                "the judge gave its grades a probability of \(mass) together, less than "
                    + "judge.min_mass \(minimumMass); its likeliest first tokens: "
                    + Self.excerpt(top))
        }
        return sum / mass
    }

    /// Some tokens have the space before them.
    private static func trimmed(_ token: String) -> String {
        var text = token[...]
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }

    private static func excerpt(_ top: [(token: String, logProbability: Double)]) -> String {
        top.sorted { $0.logProbability > $1.logProbability }.prefix(3)
            .map { "`\($0.token.prefix(40))`" }.joined(separator: ", ")
    }
}
