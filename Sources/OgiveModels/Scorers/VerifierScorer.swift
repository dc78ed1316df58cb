package import OgiveCore
internal import RegularExpressions

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

/// How the kind `verifier` is served: here, without settings.
package struct VerifierAdapter: ScorerAdapter {
    /// No settings.
    package init() {}

    /// The rule.
    package static let keys = [ScorerKey("verifier", of: [.verifier], isRequired: true)]

    /// Always `verifier`.
    package var kind: ScorerSpec.Kind.Name { .verifier }

    /// Reads `verifier`. A model without a name is called like the rule.
    package static func read(
        _ kind: ScorerSpec.Kind.Name, from section: some ScorerSection
    ) -> ScorerReading {
        let rule = section.optional(
            "verifier",
            """
            only for kind verifier: a rule that compares the completion with a field of the \
            prompt's metadata
            """
        ) { VerifierSpec(reading: $0) }
        return ScorerReading(
            .verifier(rule ?? VerifierSpec(rule: .finalNumber)), VerifierAdapter(),
            model: rule?.rule.rawValue)
    }

    /// The field that holds the answer.
    package static func metadataUse(
        of kind: ScorerSpec.Kind
    ) throws(ModelError) -> MetadataUse {
        if case .verifier(let rule) = kind { .fields([rule.field]) } else { .none }
    }

    /// Nothing has to be made.
    package func backend(
        at endpoint: ScorerEndpoint, _ agreed: AgreedFacts
    ) throws(ModelError) -> any ScorerBackend {
        VerifierBackend(model: endpoint.model)
    }
}

private struct VerifierBackend: ScorerBackend {
    let model: String

    func scorer(_ spec: ScorerSpec) throws(ModelError) -> any Scorer {
        guard case .verifier(let rule) = spec.kind else { throw spec.misplaced }
        return try VerifierScorer(spec: rule, model: spec.model)
    }

    func fingerprint() async throws(ModelError) -> Fingerprint {
        VerifierScorer.fingerprint(model: model)
    }
}

extension VerifierSpec {
    /// Reads `scorer.verifier`.
    fileprivate init(reading section: some ScorerSection) {
        let given: Rule? = section.choice(
            "rule", "what is compared", example: .finalNumber, presence: .required)
        self.init(rule: given ?? .finalNumber)
        field = section.text(
            "field", default: "answer", "metadata field with the right answer")
        pattern = section.text(
            "pattern", "for regex (PCRE2): the rule compares its first group with the field",
            example: "\"answer is (.*)\"", absent: "the field is the expression")
        graded = section.flag(
            "graded", default: false,
            "for final_number: partial credit max(0, 1 − |x − a| / max(|a|, 1))")
        if given == nil, !section.has("rule") {
            let rules = Rule.allCases.map(\.rawValue).joined(separator: ", ")
            section.reportMissing("rule", hint: "write one of \(rules)")
        }
        if field.isEmpty { section.report("field", "must not be empty") }
        if let pattern, let problem = PatternMatcher.problem(of: pattern) {
            section.report("pattern", problem)
        }
        if rule != .regex, pattern != nil {
            section.report("pattern", "means nothing unless the rule is regex")
        }
        if rule != .finalNumber, graded {
            section.report("graded", "means nothing unless the rule is final_number")
        }
    }
}

/// Finds the last number of a text: `#### 1,319` is 1319, `costs $-2.50.` is −2.5.
package enum FinalNumber {
    /// The last number, or `nil` when there is none.
    ///
    /// A number is an optional sign, digits with commas between groups of three, and an optional
    /// decimal part. A sign counts only where no word or number stands
    /// before it, so that `20-5` ends in 5. A full stop after a number ends a sentence.
    package static func last(in text: String) -> Double? {
        let bytes = Array(text.utf8)
        var end = bytes.count
        while let lastDigit = bytes[..<end].lastIndex(where: isDigit) {
            // Read forwards from the start of the run of number characters that ends here.
            var start = lastDigit
            while start > 0, isInner(bytes, start - 1) { start -= 1 }
            if let number = lastNumber(bytes[start...lastDigit], precededBy: bytes[..<start]) {
                return number
            }
            end = start
        }
        return nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    /// Whether the byte can stand inside a number: digits, and points, commas between digits.
    private static func isInner(_ bytes: [UInt8], _ place: Int) -> Bool {
        if isDigit(bytes[place]) { return true }
        let isMark = bytes[place] == UInt8(ascii: ".") || bytes[place] == UInt8(ascii: ",")
        return isMark && place + 1 < bytes.count && isDigit(bytes[place + 1])
            && (place > 0 && isDigit(bytes[place - 1]) || bytes[place] == UInt8(ascii: "."))
    }

    /// The last number of a run of digits, commas and points.
    private static func lastNumber(_ run: ArraySlice<UInt8>, precededBy before: ArraySlice<UInt8>)
        -> Double?
    {
        var rest = run
        var isWhole = true
        while !rest.isEmpty {
            if let value = value(rest) {
                return isWhole && isNegative(before) ? -value : value
            }
            // Not one number (`1,2,3`, `1.2.3`): drop its first part.
            guard let mark = rest.firstIndex(where: { !isDigit($0) }) else { return nil }
            rest = rest[(mark + 1)...]
            isWhole = false
        }
        return nil
    }

    private static func value(_ run: ArraySlice<UInt8>) -> Double? {
        let parts = run.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.count == 1 || !parts[1].contains(UInt8(ascii: ",")) else {
            return nil
        }
        let groups = parts[0].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        if groups.count > 1 {
            guard (1...3).contains(groups[0].count),
                groups.dropFirst().allSatisfy({ $0.count == 3 })
            else { return nil }
        }
        let digits = run.filter { $0 != UInt8(ascii: ",") }
        return Double("0" + String(decoding: digits, as: UTF8.self))
    }

    private static let minusSign = Array("−".utf8)

    private static func isNegative(_ before: ArraySlice<UInt8>) -> Bool {
        var rest = before
        // `-$5` and `$-5` are both amounts.
        if rest.last == UInt8(ascii: "$") { rest = rest.dropLast() }
        if rest.last == UInt8(ascii: "-") {
            rest = rest.dropLast()
        } else if rest.suffix(minusSign.count).elementsEqual(minusSign) {
            rest = rest.dropLast(minusSign.count)
        } else {
            return false
        }
        if rest.last == UInt8(ascii: "$") { rest = rest.dropLast() }
        guard let last = rest.last else { return true }
        let isLetter = (65...90).contains(last & 0xDF)
        return !isDigit(last) && !isLetter && last != UInt8(ascii: ")")
    }
}

/// A regular expression of the user's. A search that is too costly is a failure, never a result.
package struct PatternMatcher: Sendable {
    private let text: String

    /// Takes an expression of a specification; throws `invalidSpecification` when it is none.
    init(_ text: String) throws(ModelError) {
        if let problem = Self.problem(of: text) { throw ModelError(.invalidSpecification, problem) }
        self.text = text
    }

    /// Takes what may be an expression: searches tell.
    init(unchecked text: String) {
        self.text = text
    }

    /// Why a text is no expression; `nil` when it is one.
    package static func problem(of text: String) -> String? { PatternSearch.problem(of: text) }

    /// The first group of the last match, or the whole match when there is no group; `nil`
    /// without a match. Throws `tooCostly`, or `invalidSpecification`.
    func last(in subject: String) async throws(ModelError) -> String? {
        do throws(PatternError) {
            return try await PatternSearch.shared().last(text, in: subject)
        } catch {
            throw ModelError(error)
        }
    }

    /// The same of the first match.
    func first(in subject: String) async throws(ModelError) -> String? {
        do throws(PatternError) {
            return try await PatternSearch.shared().first(text, in: subject)
        } catch {
            throw ModelError(error)
        }
    }
}

extension ModelError {
    fileprivate init(_ error: PatternError) {
        switch error.code {
        case .invalid: self.init(.invalidSpecification, error.message)
        case .tooCostly: self.init(.tooCostly, error.message)
        case .unavailable: self.init(.processDied, error.message)
        }
    }
}
