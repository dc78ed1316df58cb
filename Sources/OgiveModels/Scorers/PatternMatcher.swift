internal import OgiveCore
internal import _StringProcessing

/// A regular expression of the user's.
///
/// The text is kept rather than the compiled form, which cannot be shared between threads.
struct PatternMatcher: Sendable {
    private let text: String

    /// Takes an expression; throws `misconfigured` when it is none.
    init(_ text: String) throws(ModelError) {
        do {
            _ = try Regex(text)
        } catch {
            throw ModelError(
                .misconfigured, "`\(text.prefix(200))` is no regular expression: \(error)")
        }
        self.text = text
    }

    /// Whether it matches anywhere.
    func matches(_ subject: String) -> Bool {
        first(in: subject) != nil
    }

    /// The first group of the last match, or the whole match when there is no group; `nil`
    /// without a match.
    func last(in subject: String) -> String? {
        guard let regex = try? Regex(text), let match = subject.matches(of: regex).last else {
            return nil
        }
        let group = match.output.count > 1 ? match.output[1].substring : nil
        return String(group ?? subject[match.range])
    }

    /// The first group of the first match, or the whole match when there is no group; `nil`
    /// without a match.
    func first(in subject: String) -> String? {
        // It compiled in `init`, so a failure here is a match that the engine gives up: none.
        guard let regex = try? Regex(text), let match = try? regex.firstMatch(in: subject) else {
            return nil
        }
        let group = match.output.count > 1 ? match.output[1].substring : nil
        return String(group ?? subject[match.range])
    }
}
