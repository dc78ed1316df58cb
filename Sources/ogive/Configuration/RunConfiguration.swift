internal import OgiveCore

/// What is submitted: the section `run`.
struct RunConfiguration: Hashable, Sendable {
    /// The name under which the run is found.
    var name: String
    /// n: the number of draws of each prompt; the most where `adaptive` is set.
    var draws: Int
    /// How the number of draws follows from the first ones.
    var adaptive: AdaptiveDraws?
    /// Share of the fleet relative to other runs.
    var weight: Double
    /// What is done with candidates.
    var candidates: [CandidateWork]
    /// Whether candidates come before draws.
    var candidatesFirst: Bool
    /// What the run may spend.
    var budget: Budget?
    /// Whether draws that failed in an earlier attempt are tried again.
    var retryFailures: Bool

    /// Reads the section.
    init(from section: ConfigurationSection) {
        name = section.requiredText("name")
        if name.utf8.count > 200 { section.report("name", "must have at most 200 bytes") }
        if let (rule, most) = section.adaptiveDraws() {
            draws = most
            adaptive = rule
        } else if section.has("draws") {
            draws = section.integer("draws", default: 1, in: 1...RunSpec.drawsMax)
        } else {
            _ = section.node("draws")
            draws = 1
            section.report(
                "draws", "is missing",
                hint: "say how many draws each prompt gets, or give a `precision`")
        }
        weight = section.number("weight", default: 1, "more than 0") { $0 > 0 }
        candidates = section.choices("candidates") ?? [.score]
        candidatesFirst = section.flag("candidates_first", default: false)
        budget = section.budget()
        retryFailures = section.flag("retry_failures", default: false)
    }
}
