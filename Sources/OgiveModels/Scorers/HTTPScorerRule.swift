package import OgiveCore

/// A specification of a generic HTTP service, ready to be used.
struct HTTPScorerRule: Sendable {
    /// The path that is posted to.
    let path: String
    /// The whole request.
    let request: PromptTemplate
    /// One item of it; `nil` sends one pair a request.
    let item: PromptTemplate?
    /// Where the rewards stand.
    let score: JSONPointer
    /// Where the errors of items stand.
    let errors: JSONPointer?

    /// Throws `invalidSpecification` when the parts are not what they should be, or do not fit.
    init(_ spec: HTTPScorerSpec) throws(ModelError) {
        path = spec.path
        request = try PromptTemplate(spec.request, form: .json, takesItems: spec.item != nil)
        item = if let text = spec.item { try PromptTemplate(text, form: .json) } else { nil }
        score = try JSONPointer(spec.score)
        errors = if let text = spec.errors { try JSONPointer(text) } else { nil }
        if let problem { throw ModelError(.invalidSpecification, problem) }
    }

    /// Whether an answer has anything where rewards and the errors of items stand.
    func finds(in answer: JSONValue) -> Bool {
        ([score] + (errors.map { [$0] } ?? [])).contains { pointer in
            pointer.isOfList
                ? pointer.values(in: answer) != nil
                : pointer.value(in: answer).map { $0 != .null } ?? false
        }
    }

    private var problem: String? {
        let isBatched = item != nil
        if !path.hasPrefix("/") { return "`path` must begin with a slash" }
        if isBatched, !request.takesItems {
            return "`item` is given, and `request` has no {{items}}"
        }
        if !(item ?? request).namesCompletion {
            return "nothing sends the completion: write {{completion}} or {{conversation}}"
        }
        guard score.isOfList == isBatched, errors.map(\.isOfList) ?? isBatched == isBatched else {
            return isBatched
                ? "`score` and `errors` need a `*` for the place in the list"
                : "a `*` in `score` or `errors` needs `item` and {{items}}"
        }
        return nil
    }
}

extension HTTPScorer {
    /// What is wrong with a specification; `nil` when it can be used.
    package static func problem(of spec: HTTPScorerSpec) -> String? {
        do throws(ModelError) {
            _ = try HTTPScorerRule(spec)
            return nil
        } catch {
            return error.message
        }
    }
}
