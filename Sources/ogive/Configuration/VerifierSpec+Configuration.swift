internal import OgiveCore
internal import OgiveModels

extension VerifierSpec {
    /// Reads `scorer.verifier`.
    init(from section: ConfigurationSection) {
        let given: Rule? = section.choice(
            "rule", "what is compared", example: .finalNumber, presence: .required)
        self.init(rule: given ?? .finalNumber)
        field = section.text(
            "field", default: "answer", "metadata field with the right answer")
        pattern = section.text(
            "pattern", "for regex (PCRE2): its first group is compared with the field",
            example: "\"answer is (.*)\"", absent: "the field is the expression")
        graded = section.flag(
            "graded", default: false,
            "for final_number: partial credit max(0, 1 − |x − a| / max(|a|, 1))")
        if given == nil, !section.has("rule") {
            let rules = Rule.allCases.map(\.rawValue).joined(separator: ", ")
            section.report("rule", "is missing", hint: "write one of \(rules)")
        }
        if field.isEmpty { section.report("field", "must not be empty") }
        if let pattern, let problem = PatternMatcher.problem(of: pattern) {
            section.report("pattern", problem)
        }
        if rule != .regex, pattern != nil {
            section.report("pattern", "means nothing unless the rule is regex")
        }
        if rule != .finalNumber, graded {
            section.report("graded", "means nothing unless the rule is final_number")
        }
    }
}
