/// A prompt as read from a file, on its way into a prompt set.
package struct ImportedPrompt: Hashable, Sendable {
    /// The name within its set, 1 to `keyBytesMax` bytes; `nil` takes the digest of the content.
    package var key: String?
    /// What is put to the policy.
    package var content: PromptContent
    /// The other fields of the row: a JSON object as text.
    package var metadata: String
    /// Completions that came along.
    package var candidates: [ImportedCandidate]

    /// Longest key, in bytes.
    package static let keyBytesMax = 1000

    /// Joins the parts.
    package init(
        key: String?, content: PromptContent, metadata: String, candidates: [ImportedCandidate]
    ) {
        self.key = key
        self.content = content
        self.metadata = metadata
        self.candidates = candidates
    }
}

/// A completion that came with a prompt: to be scored, not sampled.
package struct ImportedCandidate: Hashable, Sendable {
    /// `chosen`, `rejected`, or any label.
    package var label: String
    /// The completion.
    package var text: String
    /// What the file says of it, for example a reward: a JSON object as text.
    package var metadata: String

    /// Joins the parts.
    package init(label: String, text: String, metadata: String = "{}") {
        self.label = label
        self.text = text
        self.metadata = metadata
    }
}

/// Which fields of the metadata of prompts something reads.
package enum MetadataUse: Hashable, Sendable {
    /// Not one.
    case none
    /// These.
    case fields(Set<String>)
    /// All that there are.
    case all

    /// Whether it reads a field.
    package func reads(_ field: String) -> Bool {
        switch self {
        case .none: false
        case .fields(let names): names.contains(field)
        case .all: true
        }
    }

    /// What both read.
    package func union(_ other: MetadataUse) -> MetadataUse {
        switch (self, other) {
        case (.all, _), (_, .all): .all
        case (.none, let use), (let use, .none): use
        case (.fields(let left), .fields(let right)): .fields(left.union(right))
        }
    }
}
