internal import OgiveCore
internal import RegularExpressions

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
