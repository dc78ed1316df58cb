internal import OgiveCore

/// One of the numbers that a model gives for one text.
struct LabelledValue: Hashable, Sendable {
    /// The label as the server calls it; its number where the server names none.
    var label: String
    /// The number; `nil` where the server gave null.
    var value: Double?

    /// Numbers in the order of the labels, which the server does not name.
    static func numbered(_ values: [Double?]) -> [LabelledValue] {
        values.enumerated().map { LabelledValue(label: "\($0)", value: $1) }
    }

    /// The reward: the only value, or that of `label`.
    ///
    /// Throws `misconfigured` when the model has no such label: a worker declines the run then.
    /// Throws `malformed` when there are several values and no label is chosen: a model with a
    /// number for each token gives one to a text of one token, so this depends on the text. Throws
    /// `notFinite` when the value is no finite number.
    static func reward(_ values: [LabelledValue], label: String?, url: String)
        throws(ModelError) -> Double
    {
        let chosen = label.map { name in values.filter { $0.label == name } } ?? values
        guard chosen.count == 1 else {
            let names = values.prefix(40).map(\.label).joined(separator: ", ")
            throw ModelError(
                label == nil ? .malformed : .misconfigured,
                label == nil
                    ? "\(url) answered \(values.count) numbers for one conversation; serve a "
                        + "reward model with one label (num_labels: 1), or set `label` to one of: "
                        + names
                    : "\(url) has not exactly one label `\(label ?? "")`; its labels: \(names)")
        }
        guard let reward = chosen[0].value, reward.isFinite else {
            throw ModelError(.notFinite, "\(url) answered a reward that is no finite number")
        }
        return reward
    }
}
