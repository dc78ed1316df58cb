/// One thing that is wrong with a configuration, and where.
struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    /// What is wrong and what to do, with the path of the key.
    var text: String
    /// Where it is wrong.
    var place: SourcePlace
    /// What to do, when that is worth a second half of the sentence.
    var hint: String?

    var description: String {
        guard let hint else { return "\(text) (\(place))" }
        return "\(text) (\(place)); \(hint)"
    }
}
