internal import OgiveCore
internal import OgivePreflight

/// What a run will take, in words.
struct EstimateText {
    let estimate: Estimate
    let sampling: ThroughputProbe.Burst
    let scoring: ThroughputProbe.Burst
    let spec: RunSpec
    let sample: PromptSample
    let isPriced: Bool

    /// The rate, and what follows from it for the whole run.
    var finding: Finding {
        let place = "worker"
        guard let rate = sampling.perSecond, let time = estimate.time else {
            if let failure = sampling.failure {
                return Finding(
                    .warning, .throughput, at: place,
                    "not a single draw came: \(failure.message)")
            }
            return Finding(
                .warning, .throughput, at: place,
                "not a single draw came within \(NumberText.time(sampling.elapsed))",
                advice: "lower `policy.sampling.max_tokens` or `worker.sample_concurrency`, or "
                    + "serve the model faster")
        }
        var parts = ["about \(NumberText.rate(rate)) draws/s sampled"]
        if sampling.tokens.output > 0 {
            let tokens = Double(sampling.tokens.output) / (sampling.elapsed / .seconds(1))
            parts[0] += " (\(NumberText.rate(tokens)) tokens/s)"
        }
        if let rate = scoring.perSecond { parts.append("\(NumberText.rate(rate)) scored") }
        let about = sample.isWhole ? "" : "about "
        var whole =
            "\(about)\(NumberText.count(estimate.draws)) draws take \(NumberText.time(time))"
        if let tokens = estimate.tokens {
            whole += ", \(NumberText.count(tokens.total + estimate.scorerTokens.total)) tokens"
        }
        if let cost = estimate.cost { whole += ", cost \(NumberText.cost(cost))" }
        if scoring.perSecond == nil {
            let reason =
                scoring.failure.map { "nothing was scored: \($0.message)" }
                ?? "nothing was scored within \(NumberText.time(scoring.elapsed))"
            return Finding(
                .warning, .throughput, at: place,
                parts.join + "; \(reason), so that the time of the whole is not known")
        }
        return Finding(.ok, .throughput, at: place, parts.join + "; " + whole)
    }
}

extension [String] {
    fileprivate var join: String { joined(separator: ", ") }
}
