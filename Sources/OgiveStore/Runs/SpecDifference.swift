internal import FoundationEssentials
internal import OgiveCore

/// Says in which keys two specifications differ.
enum SpecDifference {
    /// The differences as `sampling.policy.model: a → b`, in order of key; both texts are JSON.
    static func lines(from old: String, to new: String) throws -> [String] {
        let decoder = JSONDecoder()
        let before = try decoder.decode(Value.self, from: Data(old.utf8)).leaves
        let after = try decoder.decode(Value.self, from: Data(new.utf8)).leaves
        return Set(before.keys).union(after.keys).sorted().compactMap { key in
            let (left, right) = (before[key], after[key])
            return left == right ? nil : "\(key): \(left ?? "absent") → \(right ?? "absent")"
        }
    }

    /// Any JSON value.
    private enum Value: Decodable {
        case object([String: Value])
        case leaf(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let object = try? container.decode([String: Value].self) {
                self = .object(object)
            } else if let array = try? container.decode([Value].self) {
                self = .leaf("[" + array.map(\.text).joined(separator: ", ") + "]")
            } else if let flag = try? container.decode(Bool.self) {
                self = .leaf(String(flag))
            } else if let whole = try? container.decode(Int64.self) {
                self = .leaf(String(whole))
            } else if let number = try? container.decode(Double.self) {
                self = .leaf(String(number))
            } else if let text = try? container.decode(String.self) {
                self = .leaf(text)
            } else {
                self = .leaf("null")
            }
        }

        /// The value as one text.
        var text: String {
            switch self {
            case .leaf(let text): text
            case .object:
                leaves.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
                    .joined(separator: ", ")
            }
        }

        /// The values within, by path.
        var leaves: [String: String] {
            guard case .object(let object) = self else { return [:] }
            var leaves: [String: String] = [:]
            for (key, value) in object {
                switch value {
                case .leaf(let text): leaves[key] = text
                case .object:
                    for (path, text) in value.leaves { leaves["\(key).\(path)"] = text }
                }
            }
            return leaves
        }
    }
}
