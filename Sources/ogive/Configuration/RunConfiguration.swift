internal import OgiveCore
internal import OgiveModels

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
        name = section.requiredText(
            "name", "the name of the run in SQL and on the command line", example: "reference")
        if name.utf8.count > 200 { section.report("name", "must have at most 200 bytes") }
        let fixed = section.integer(
            "draws", in: 1...RunSpec.drawsMax,
            "reference completions of each prompt; raise it to top up", example: "32",
            absent: "what `precision` or `allocation` says", presence: .on)
        let following = section.adaptiveDraws()
        draws = following?.most ?? fixed ?? 1
        adaptive = following?.rule
        if following == nil, !section.has("draws") {
            section.report(
                "draws", "is missing",
                hint: "say how many draws each prompt gets, or give a `precision`")
        }
        weight = section.number(
            "weight", default: 1, .positive, "share of the fleet relative to other runs")
        candidates = section.choices(
            "candidates", default: [.score],
            "what Ogive does with completions that came with the prompts; [] is nothing")
        candidatesFirst = section.flag(
            "candidates_first", default: false,
            "do the candidates of all prompts before any draw")
        budget = section.budget()
        retryFailures = section.flag(
            "retry_failures", default: false,
            "try draws again that Ogive gave up before")
    }
}
