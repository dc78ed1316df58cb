/// A reward that follows from a rule: the completion against a field of the prompt's metadata.
package struct VerifierSpec: Hashable, Sendable, Codable {
    /// What is compared.
    package enum Rule: String, Sendable, Codable, CaseIterable {
        /// The last number of the completion with the last number of the field
        /// (GSM8K's `#### 18` included).
        case finalNumber = "final_number"
        /// Whether the field, read as a regular expression, matches in the completion; or
        /// `pattern`, whose first group is then compared with the field.
        case regex
        /// The completion with the field, exactly, surrounding white space apart.
        case exact
    }

    /// What is compared.
    package var rule: Rule
    /// The metadata field that holds the answer.
    package var field: String = "answer"
    /// The regular expression of `regex`; `nil` takes the field as the expression.
    package var pattern: String?
    /// Whether a wrong number earns partial credit by its relative error:
    /// max(0, 1 − |x − a| / max(|a|, 1)). Only for `finalNumber`.
    package var graded: Bool = false

    /// A rule on the field `answer`.
    package init(rule: Rule) {
        self.rule = rule
    }
}
