package import OgiveCore

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
