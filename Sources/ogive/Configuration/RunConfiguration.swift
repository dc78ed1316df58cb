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
            section.reportMissing(
                "draws", hint: "say how many draws each prompt gets, or give a `precision`",
                others: ["precision", "allocation"])
        }
        weight = section.number(
            "weight", default: 1,
            NumberRule(
                text: "in 1e-6...1e6", minimum: RunSpec.weights.lowerBound,
                maximum: RunSpec.weights.upperBound),
            "share of the fleet relative to other runs")
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

extension ConfigurationSection {
    /// How the number of draws follows from the first ones, with the most draws of a prompt: the
    /// section `precision` or `allocation`. They take the place of `draws`.
    func adaptiveDraws() -> (rule: AdaptiveDraws, most: Int)? {
        let precision = optional(
            "precision",
            "in place of draws: sample each prompt until its candidates are precise enough"
        ) { section in
            let target = section.number(
                "target_stderr", default: 0.05,
                NumberRule(
                    text: "between 0 and 0.5", exclusiveMinimum: 0, exclusiveMaximum: 0.5),
                "largest standard error of a candidate's quantile reward")
            let (min, most) = section.drawBounds("draws that every prompt gets; an unbiased subset")
            return (AdaptiveDraws(min: min, targetStandardError: target), most)
        }
        let allocation = optional(
            "allocation",
            "in place of draws: spread a total of draws so that they help most (Neyman allocation)"
        ) { section in
            let (min, most) = section.drawBounds(
                "draws that every prompt gets; their rewards decide how Ogive spreads the others")
            return (AdaptiveDraws(min: min, mean: section.meanDraws(min, most)), most)
        }
        let names = ["precision", "allocation", "draws"].filter(has)
        if names.count > 1, names != ["draws"] {
            report(
                names[names.count - 1], "excludes `\(names[0])`",
                hint: "the most draws of a prompt are `\(names[0]).max`")
        }
        return precision ?? allocation
    }

    private func drawBounds(_ aboutLeast: String) -> (min: Int, most: Int) {
        let all = 1...RunSpec.drawsMax
        let most = integer("max", default: 128, in: all, "the most draws of a prompt")
        let least = integer(
            "min", default: Swift.min(8, most), in: 1...most, declared: all, aboutLeast)
        return (least, most)
    }

    private func meanDraws(_ least: Int, _ most: Int) -> Double {
        let mean = number(
            "mean",
            NumberRule(
                text: "between `min` and `max`", minimum: 1, maximum: Double(RunSpec.drawsMax)),
            "draws of a prompt on average", example: "32", presence: .required)
        if !has("mean") {
            reportMissing("mean", hint: "say how many draws a prompt gets on average")
        }
        guard let mean else { return Double(least) }
        if mean < Double(least) || mean > Double(most) {
            report("mean", "must be between `min` and `max`, not \(quoted("mean", "\(mean)"))")
        }
        return mean
    }

    /// What tokens cost: one number for all of them, or a mapping of `input` and `output`.
    func tokenPrice() -> TokenPrice? {
        let key = "price_per_million_tokens"
        let about = """
            the price of a million tokens; it is not part of any identity; one number is the price \
            of both
            """
        if case .scalar? = written(key) {
            let price = number(key, default: 0, .notNegative, about)
            return TokenPrice(input: price, output: price)
        }
        return optional(key, about, or: .number(.notNegative)) { section in
            TokenPrice(
                input: section.number(
                    "input", default: 0, .notNegative,
                    "tokens of prompts, once for each request"),
                output: section.number(
                    "output", default: 0, .notNegative, "tokens of completions"))
        }
    }

    /// What the run may spend: the section `budget`.
    func budget() -> Budget? {
        optional(
            "budget",
            """
            stops the run when it is spent: Ogive finishes the prompts that it has begun, and \
            begins no other
            """
        ) { section in
            Budget(
                cost: section.number(
                    "cost", .positive,
                    "in the currency of the prices; needs a price_per_million_tokens",
                    example: "25"),
                tokens: section.integer(
                    "tokens", in: 1...Int.max,
                    "tokens of policy and scorer, read and written", example: "5000000"))
        }
    }
}
