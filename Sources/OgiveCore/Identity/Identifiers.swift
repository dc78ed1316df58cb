/// A run: what a user submitted and named.
package struct RunID: Hashable, Comparable, Sendable, Codable {
    /// The number behind the name.
    package let rawValue: Int64

    /// Wraps a number that came from the database, the wire or a counter.
    package init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static func < (left: RunID, right: RunID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// A sampling: the owner of completions.
package struct SamplingID: Hashable, Comparable, Sendable, Codable {
    /// The number behind the name.
    package let rawValue: Int64

    /// Wraps a number that came from the database, the wire or a counter.
    package init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static func < (left: SamplingID, right: SamplingID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// A scoring: the owner of rewards.
package struct ScoringID: Hashable, Comparable, Sendable, Codable {
    /// The number behind the name.
    package let rawValue: Int64

    /// Wraps a number that came from the database, the wire or a counter.
    package init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static func < (left: ScoringID, right: ScoringID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// A prompt, across all prompt sets of a database; ascending in the order of import.
package struct PromptID: Hashable, Comparable, Sendable, Codable {
    /// The number behind the name.
    package let rawValue: Int64

    /// Wraps a number that came from the database, the wire or a counter.
    package init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static func < (left: PromptID, right: PromptID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// A task of one coordinator: some items of one prompt handed out together.
package struct TaskID: Hashable, Comparable, Sendable, Codable {
    /// The number behind the name.
    package let rawValue: UInt64

    /// Wraps a number that came from the database, the wire or a counter.
    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static func < (left: TaskID, right: TaskID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// The fencing number of a lease: it rises each time a task is granted.
package struct Epoch: Hashable, Comparable, Sendable, Codable {
    /// The number behind the name.
    package let rawValue: UInt64

    /// Wraps a number that came from the database, the wire or a counter.
    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static func < (left: Epoch, right: Epoch) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// The fencing number of a coordinator: it rises each time one begins to lead.
package struct Term: Hashable, Comparable, Sendable, Codable {
    /// The number behind the name.
    package let rawValue: Int64

    /// Wraps a number that came from the database, the wire or a counter.
    package init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static func < (left: Term, right: Term) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// A landing batch of one coordinator.
package struct BatchID: Hashable, Comparable, Sendable, Codable {
    /// The number behind the name.
    package let rawValue: UInt64

    /// Wraps a number that came from the database, the wire or a counter.
    package init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static func < (left: BatchID, right: BatchID) -> Bool {
        left.rawValue < right.rawValue
    }
}
