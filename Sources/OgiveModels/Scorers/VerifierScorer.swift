package import OgiveCore

/// A reward that follows from a rule, computed here: the completion against a metadata field.
///
/// The reward is 1 for right and 0 for wrong, or in between when `graded`. A completion without a
/// number is wrong; a prompt without the field is a failure.
package struct VerifierScorer: Scorer {
    private let spec: VerifierSpec
    private let model: String
    private let pattern: PatternMatcher?

    /// Longest completion that a regular expression is run on, in bytes.
    package static let regexTextBytesMax = 1 << 20

    /// Takes the rule; throws `invalidSpecification` when its pattern is no regular expression.
    package init(spec: VerifierSpec, model: String) throws(ModelError) {
        self.spec = spec
        self.model = model
        pattern = if let text = spec.pattern { try PatternMatcher(text) } else { nil }
    }

    /// The name and the version of the rules; there is no server to ask.
    package func fingerprint() async throws(ModelError) -> Fingerprint {
        Self.fingerprint(model: model)
    }

    /// What identifies a verifier; its rule is part of the specification.
    package static func fingerprint(model: String) -> Fingerprint {
        Fingerprint(["model": model, "server": "verifier", "version": "1"])
    }

    /// Checks each completion here; only regular expressions are waited for.
    package func score(_ requests: [ScoreRequest]) async -> [Result<Score, ModelError>] {
        var results: [Result<Score, ModelError>] = []
        for request in requests {
            do throws(ModelError) {
                results.append(.success(Score(try await reward(request))))
            } catch {
                results.append(.failure(error))
            }
        }
        return results
    }

    private func reward(_ request: ScoreRequest) async throws(ModelError) -> Double {
        let field = try MetadataField.text(spec.field, of: request.prompt)
        switch spec.rule {
        case .finalNumber: return try finalNumber(request, field)
        case .exact: return Self.trimmed(request.completion) == Self.trimmed(field) ? 1 : 0
        case .regex: return try await regex(request, field)
        }
    }

    private func finalNumber(_ request: ScoreRequest, _ field: String) throws(ModelError) -> Double
    {
        guard let answer = FinalNumber.last(in: field) else {
            throw ModelError(
                .missingField,
                "field `\(spec.field)` of prompt `\(request.prompt.key)` holds no number: "
                    + "`\(field.prefix(80))`")
        }
        guard let number = FinalNumber.last(in: request.completion) else { return 0 }
        if number == answer { return 1 }
        guard spec.graded else { return 0 }
        return max(0, 1 - abs(number - answer) / max(abs(answer), 1))
    }

    private func regex(_ request: ScoreRequest, _ field: String) async throws(ModelError) -> Double
    {
        guard request.completion.utf8.count <= Self.regexTextBytesMax else {
            throw ModelError(
                .tooLarge,
                "the completion has more than \(Self.regexTextBytesMax) bytes, too many for a "
                    + "regular expression")
        }
        guard let pattern else { return try await ownRegex(request, field) }
        guard let found = try await pattern.first(in: request.completion) else { return 0 }
        return Self.trimmed(found) == Self.trimmed(field) ? 1 : 0
    }

    /// The prompt's own expression: a bad one concerns its completions alone.
    private func ownRegex(_ request: ScoreRequest, _ field: String) async throws(ModelError)
        -> Double
    {
        do throws(ModelError) {
            let pattern = PatternMatcher(unchecked: field)
            return try await pattern.first(in: request.completion) == nil ? 0 : 1
        } catch {
            let code = error.code == .invalidSpecification ? .missingField : error.code
            throw ModelError(
                code,
                "field `\(spec.field)` of prompt `\(request.prompt.key)`: \(error.message)")
        }
    }

    private static func trimmed(_ text: String) -> Substring {
        let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
        let end = text.lastIndex { !$0.isWhitespace }.map(text.index(after:)) ?? start
        return text[start..<end]
    }
}
