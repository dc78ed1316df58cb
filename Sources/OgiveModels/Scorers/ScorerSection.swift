/// A section of the configuration as the kinds of scorers read it. A value that is not what it
/// should be is reported, and another one stands in for it.
package protocol ScorerSection {
    /// The folder of the file, where relative paths begin.
    var folder: String { get }
    /// Whether the file gives this key a value.
    func has(_ key: String) -> Bool
    /// The path of a key from the root.
    func path(of key: String) -> String
    /// Notes a problem with the value of `key`.
    func report(_ key: String, _ text: String, hint: String?)

    /// A text; `nil` when absent.
    func text(_ key: String) -> String?
    /// A text that must be there and not be empty.
    func requiredText(_ key: String) -> String
    /// A path; a relative one belongs to the folder.
    func filePath(_ key: String) -> String?
    /// `true` or `false`.
    func flag(_ key: String, default value: Bool) -> Bool
    /// A whole number within a range.
    func integer<Value: FixedWidthInteger>(
        _ key: String, default value: Value, in range: ClosedRange<Value>
    ) -> Value
    /// A finite number for which `isValid` holds; `rule` says in words what that is.
    func number(
        _ key: String, default value: Double, _ rule: String, where isValid: (Double) -> Bool
    ) -> Double
    /// One of a fixed set of words; `nil` when absent.
    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ key: String, _ type: Value.Type
    ) -> Value?
    /// One of these words; `nil` when absent.
    func word(_ key: String, among words: [String]) -> String?
    /// A list of texts; a single value counts as a list of one.
    func texts(_ key: String) -> [String]?
    /// A mapping from free names to texts.
    func names(_ key: String) -> [String: String]?
    /// A section that may be absent.
    func optional<Value>(_ key: String, _ read: (Self) -> Value) -> Value?
}

extension ScorerSection {
    /// Notes a problem that needs no hint.
    func report(_ key: String, _ text: String) {
        report(key, text, hint: nil)
    }
}
