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

    /// The hash for dictionaries and sets; see `QuickHash`.
    package func _rawHashValue(seed: Int) -> Int {
        QuickHash.of(UInt64(bitPattern: rawValue), seed: seed)
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

    /// The hash for dictionaries and sets; see `QuickHash`.
    package func _rawHashValue(seed: Int) -> Int {
        QuickHash.of(UInt64(bitPattern: rawValue), seed: seed)
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

    /// The hash for dictionaries and sets; see `QuickHash`.
    package func _rawHashValue(seed: Int) -> Int {
        QuickHash.of(rawValue, seed: seed)
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
    /// How often a leader renews a term in the time to its expiry, at least. One that has no
    /// session and has not renewed for such a part of it is dead.
    package static let renewals = 5

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

    /// The hash for dictionaries and sets; see `QuickHash`.
    package func _rawHashValue(seed: Int) -> Int {
        QuickHash.of(rawValue, seed: seed)
    }
}

/// One incarnation of a worker process: 128 random bits, also its ZeroMQ routing id.
package struct WorkerID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The upper 64 bits.
    package let high: UInt64
    /// The lower 64 bits.
    package let low: UInt64

    /// Takes both halves.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// No worker: that of completions that Ogive did not sample.
    package static let nobody = WorkerID(high: 0, low: 0)

    /// Draws a new incarnation.
    package init(using generator: inout some RandomNumberGenerator) {
        // A routing id must not begin with a zero byte: ZeroMQ keeps those for itself.
        high = generator.next() | (1 << 63)
        low = generator.next()
    }

    /// Takes a routing id from the wire; `nil` unless there are exactly 16 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The 16 bytes, most significant first.
    package var bytes: [UInt8] {
        (0..<16).map { offset in
            let half = offset < 8 ? high : low
            return UInt8(truncatingIfNeeded: half >> (UInt64(7 - offset % 8) * 8))
        }
    }

    /// The first eight hexadecimal digits: enough to tell workers of one fleet apart in a log.
    package var description: String {
        let digits = String(high >> 32, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    package static func < (left: WorkerID, right: WorkerID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// The hash for dictionaries and sets; see `QuickHash`.
    package func _rawHashValue(seed: Int) -> Int { QuickHash.of(high, low, seed: seed) }
}

/// A text that equals another only when their bytes do.
///
/// `==` of `String` takes two spellings of one letter (é as one character, or as e and an accent)
/// for the same text. Names and texts of users are compared and looked up by their bytes.
package struct ExactText: Hashable, Sendable, Comparable {
    /// The text.
    package let text: String

    /// Takes a text as it is.
    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.text == right.text && left.text.utf8.elementsEqual(right.text.utf8)
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    // Texts that are equal in bytes are equal as strings, whose hashes then are equal too.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(text)
    }
}

extension String {
    /// At most `bytesMax` bytes of the text, cut between characters and marked where it is cut.
    package func cut(toBytes bytesMax: Int) -> String {
        guard utf8.count > bytesMax else { return self }
        let mark = "…"
        var end = utf8.index(startIndex, offsetBy: Swift.max(0, bytesMax - mark.utf8.count))
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil {
            end = utf8.index(before: end)
        }
        return String(self[..<end]) + mark
    }
}
