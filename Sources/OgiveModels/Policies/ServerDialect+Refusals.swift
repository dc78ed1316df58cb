internal import OgiveCore

extension ServerDialect {
    /// Why a server of this kind cannot sample as `spec` and `parameters` say; `nil` when it can.
    func refusal(
        of spec: PolicySpec, _ parameters: SamplingParameters, server: String
    ) -> ModelError? {
        for (name, isOff, field) in [
            ("top_p", parameters.topP == 1, topP), ("top_k", parameters.topK == 0, topK),
            ("min_p", parameters.minP == 0, minP),
        ] where !isOff && field == nil {
            return ModelError(
                .unsupported,
                "\(server) has no `\(name)`, which `policy.sampling` sets, and would ignore it; "
                    + "leave it out, or use another server (`policy.server` says which it is)")
        }
        if spec.logProbabilities != .none, let reason = reason(against: parameters) {
            return ModelError(
                .unsupported,
                "\(server) does not give log π_ref(y|x) of draws: \(reason); "
                    + "set `policy.logprobs: none`")
        }
        return nil
    }

    /// Why log-probabilities would not be the model's own.
    private func reason(against parameters: SamplingParameters) -> String? {
        let isTempered = parameters.temperature != 1
        switch logProbabilities {
        case .ofModel: return nil
        case .none(let reason): return reason
        case .atTemperature:
            return isTempered ? "its log-probabilities are those at the temperature" : nil
        case .asDrawn:
            let isNeutral = parameters.topP == 1 && parameters.topK == 0 && parameters.minP == 0
            return isTempered || !isNeutral
                ? "its log-probabilities depend on temperature, top_p, top_k and min_p" : nil
        }
    }
}
