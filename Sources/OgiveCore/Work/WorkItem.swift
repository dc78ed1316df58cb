/// The name of an item within (scoring, prompt): it exists before its content does.
package struct ItemName: Hashable, Comparable, Sendable {
    /// Where the text comes from.
    package enum Kind: UInt8, Comparable, Sendable {
        /// Sampled from the reference policy.
        case draw = 0
        /// Came with the prompt.
        case candidate = 1
        /// Came with the prompt; its log-probability is asked for, not its reward.
        case candidateLogProbability = 2

        package static func < (left: Kind, right: Kind) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    /// Where the text comes from.
    package var kind: Kind
    /// Index within its kind, from 0.
    package var index: Int32

    /// Names an item.
    package init(_ kind: Kind, _ index: Int32) {
        self.kind = kind
        self.index = index
    }

    /// The draw with this index.
    package static func draw(_ index: Int32) -> ItemName { ItemName(.draw, index) }
    /// The candidate with this index.
    package static func candidate(_ index: Int32) -> ItemName { ItemName(.candidate, index) }

    /// The log-probability of the candidate with this index.
    package static func candidateLogProbability(_ index: Int32) -> ItemName {
        ItemName(.candidateLogProbability, index)
    }

    package static func < (left: ItemName, right: ItemName) -> Bool {
        (left.kind, left.index) < (right.kind, right.index)
    }
}

/// An item to be done: to be sampled and scored, or only scored when it has its text.
package struct WorkItem: Hashable, Sendable {
    /// Its name.
    package var name: ItemName
    /// The text that is given, for candidates and for draws that landed without a reward.
    package var text: String?

    /// Names an item and gives its text when it has one.
    package init(name: ItemName, text: String? = nil) {
        self.name = name
        self.text = text
    }

    /// Whether the policy has to be asked.
    package var needsSampling: Bool { text == nil && name.kind != .candidateLogProbability }

    /// The stage that the item begins with: items of one lease share it.
    package var stage: Failure.Stage {
        if name.kind == .candidateLogProbability { return .logProbability }
        return needsSampling ? .sampling : .scoring
    }
}

/// The items of one prompt that have neither a landed result nor a failure.
package struct PendingPrompt: Hashable, Sendable {
    /// The prompt.
    package var prompt: Prompt
    /// Its missing items, in ascending order of name.
    package var items: [WorkItem]

    /// Joins the parts.
    package init(prompt: Prompt, items: [WorkItem]) {
        self.prompt = prompt
        self.items = items
    }
}
