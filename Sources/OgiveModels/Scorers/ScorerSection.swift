/// A section of the configuration as the kinds of scorers read it. A value that is not what it
/// should be is reported, and another one stands in for it.
///
/// A reader says in a sentence what a key means, and gives an example where there is no default:
/// the reference and the schema of the configuration are made of that.
package protocol ScorerSection {
    /// The folder of the file, where relative paths begin.
    var folder: String { get }
    /// Whether the file gives this key a value.
    func has(_ key: String) -> Bool
    /// The path of a key from the root.
    func path(of key: String) -> String
    /// Notes a problem with the value of `key`.
    func report(_ key: String, _ text: String, hint: String?)
    /// Notes that `key` is missing.
    func reportMissing(_ key: String, hint: String?)

    /// A text; `nil` when absent. `absent` says in words what that means.
    func text(
        _ key: String, _ about: String, example: String, absent: String?, presence: KeyPresence
    ) -> String?
    /// A text that has a default.
    func text(_ key: String, default value: String, _ about: String) -> String
    /// A text that must be there and not be empty.
    func requiredText(_ key: String, _ about: String, example: String) -> String
    /// A path; a relative one belongs to the folder.
    func filePath(
        _ key: String, _ about: String, example: String, absent: String?, presence: KeyPresence
    ) -> String?
    /// `true` or `false`.
    func flag(
        _ key: String, default value: Bool, _ about: String, presence: KeyPresence
    ) -> Bool
    /// A whole number within a range. `declared` is the widest range where `range` follows from
    /// other keys.
    func integer<Value: FixedWidthInteger>(
        _ key: String, default value: Value, in range: ClosedRange<Value>,
        declared: ClosedRange<Value>?, _ about: String
    ) -> Value
    /// A whole number within a range; `nil` when it is absent or wrong.
    func integer<Value: FixedWidthInteger>(
        _ key: String, in range: ClosedRange<Value>, _ about: String, example: String,
        absent: String?, presence: KeyPresence
    ) -> Value?
    /// A finite number that obeys a rule.
    func number(
        _ key: String, default value: Double, _ rule: NumberRule, _ about: String
    ) -> Double
    /// A finite number that obeys a rule; `nil` when it is absent or wrong.
    func number(
        _ key: String, _ rule: NumberRule, _ about: String, example: String, absent: String?,
        presence: KeyPresence
    ) -> Double?
    /// One of a fixed set of words; `nil` when it is absent or wrong.
    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ key: String, _ about: String, example: Value, absent: String?, presence: KeyPresence
    ) -> Value?
    /// One of a fixed set of words. The default counts if it is absent or wrong.
    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ key: String, default value: Value, _ about: String
    ) -> Value
    /// One of these words; `nil` when it is absent or wrong.
    func word(
        _ key: String, among words: [String], _ about: String, example: String, absent: String?
    ) -> String?
    /// A list of texts; a single value counts as a list of one.
    func texts(
        _ key: String, _ about: String, example: String, absent: String?, presence: KeyPresence
    ) -> [String]?
    /// A mapping from free names to texts.
    func names(
        _ key: String, _ about: String, example: String, absent: String?
    ) -> [String: String]?
    /// A section that may be absent.
    func optional<Value>(_ key: String, _ about: String, _ read: (Self) -> Value) -> Value?
}

extension ScorerSection {
    /// Notes a problem that needs no hint.
    func report(_ key: String, _ text: String) {
        report(key, text, hint: nil)
    }

    /// A text that a file may do without.
    func text(
        _ key: String, _ about: String, example: String, absent: String? = nil
    ) -> String? {
        text(key, about, example: example, absent: absent, presence: .off)
    }

    /// A path that a file may do without.
    func filePath(_ key: String, _ about: String, example: String, absent: String) -> String? {
        filePath(key, about, example: example, absent: absent, presence: .off)
    }

    /// `true` or `false`, for all files with this section.
    func flag(_ key: String, default value: Bool, _ about: String) -> Bool {
        flag(key, default: value, about, presence: .on)
    }

    /// A whole number within a range that no other key changes.
    func integer<Value: FixedWidthInteger>(
        _ key: String, default value: Value, in range: ClosedRange<Value>, _ about: String
    ) -> Value {
        integer(key, default: value, in: range, declared: nil, about)
    }

    /// A finite number without a default.
    func number(
        _ key: String, _ rule: NumberRule, _ about: String, example: String,
        presence: KeyPresence
    ) -> Double? {
        number(key, rule, about, example: example, absent: nil, presence: presence)
    }

    /// One of a fixed set of words, without a default.
    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ key: String, _ about: String, example: Value, presence: KeyPresence
    ) -> Value? {
        choice(key, about, example: example, absent: nil, presence: presence)
    }

    /// A list of texts that a file may do without.
    func texts(_ key: String, _ about: String, example: String) -> [String]? {
        texts(key, about, example: example, absent: nil, presence: .off)
    }

    /// A mapping that a file may do without.
    func names(_ key: String, _ about: String, example: String) -> [String: String]? {
        names(key, about, example: example, absent: nil)
    }
}

/// How `config/reference.yaml` shows a key.
package enum KeyPresence: Hashable, Sendable {
    /// Behind `#`: the file means something without it, or means something else with it.
    case off
    /// As a part of the file.
    case on
    /// As a part of the file that every file with this section needs.
    case required
}

/// The numbers that a key takes.
package struct NumberRule: Hashable, Sendable {
    /// The rule in words, as messages say it.
    package let text: String
    /// The least number.
    package let minimum: Double?
    /// A number that is too small.
    package let exclusiveMinimum: Double?
    /// The greatest number.
    package let maximum: Double?
    /// A number that is too large.
    package let exclusiveMaximum: Double?
    /// Whether 0 is refused.
    package let excludesZero: Bool

    /// Every finite number.
    package static let finite = NumberRule(text: "a finite number")
    /// Numbers more than 0.
    package static let positive = NumberRule(text: "more than 0", exclusiveMinimum: 0)
    /// Numbers from 0.
    package static let notNegative = NumberRule(text: "at least 0", minimum: 0)

    /// Takes the rule in words and as bounds; by default there are none.
    package init(
        text: String, minimum: Double? = nil, exclusiveMinimum: Double? = nil,
        maximum: Double? = nil, exclusiveMaximum: Double? = nil, excludesZero: Bool = false
    ) {
        self.text = text
        self.minimum = minimum
        self.exclusiveMinimum = exclusiveMinimum
        self.maximum = maximum
        self.exclusiveMaximum = exclusiveMaximum
        self.excludesZero = excludesZero
    }

    /// Whether a number obeys the rule.
    package func allows(_ number: Double) -> Bool {
        if let minimum, number < minimum { return false }
        if let exclusiveMinimum, number <= exclusiveMinimum { return false }
        if let maximum, number > maximum { return false }
        if let exclusiveMaximum, number >= exclusiveMaximum { return false }
        return number.isFinite && !(excludesZero && number == 0)
    }
}
