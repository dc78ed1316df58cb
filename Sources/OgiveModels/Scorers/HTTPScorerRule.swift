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

/// A JSON pointer (RFC 6901), in which one `*` may stand for the place in a list.
package struct JSONPointer: Sendable {
    /// The pointer as written.
    let text: String
    private let steps: [String]

    /// Takes a pointer: empty for the whole, else it begins with a slash. Throws
    /// `invalidSpecification`.
    package init(_ text: String) throws(ModelError) {
        guard text.isEmpty || text.hasPrefix("/") else {
            throw ModelError(
                .invalidSpecification,
                "`\(text.prefix(200))` is no JSON pointer; write something like /rewards/0")
        }
        self.text = text
        steps = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            String($0.replacing("~1", with: "/").replacing("~0", with: "~"))
        }
        guard steps.count(where: { $0 == "*" }) <= 1 else {
            throw ModelError(.invalidSpecification, "`\(text.prefix(200))` has more than one `*`")
        }
    }

    /// Whether it has a `*`.
    package var isOfList: Bool { steps.contains("*") }

    /// What it points to; `nil` where there is nothing.
    package func value(in root: JSONValue) -> JSONValue? {
        Self.follow(steps[...], from: root)
    }

    /// What it points to with each place of the list; `nil` where there is no list.
    package func values(in root: JSONValue) -> [JSONValue?]? {
        guard let star = steps.firstIndex(of: "*"),
            case .list(let list) = Self.follow(steps[..<star], from: root)
        else { return nil }
        return list.map { Self.follow(steps[(star + 1)...], from: $0) }
    }

    private static func follow(_ steps: ArraySlice<String>, from root: JSONValue) -> JSONValue? {
        var value = root
        for step in steps {
            switch value {
            case .object(let object):
                guard let inner = object[step] else { return nil }
                value = inner
            case .list(let list):
                // A leading zero is no index.
                guard let index = Int(step), "\(index)" == step, list.indices.contains(index)
                else { return nil }
                value = list[index]
            default: return nil
            }
        }
        return value
    }
}
