internal import OgiveCore
internal import OgiveModels
internal import OgivePreflight

/// Looks at what prompts of a file need of the scorer, and it of them, without asking any server.
struct SampleDoctor {
    /// The configuration.
    var configuration: Configuration
    /// What was read of its file.
    var sample: PromptSample

    /// Most names of fields that a message lists.
    private static let namesMax = 20

    /// All of it.
    func examine() -> [Finding] {
        guard let scorer = configuration.scorer?.spec, sample.read > 0 else { return [] }
        return syntheticFindings(scorer) + fieldFindings(scorer)
    }

    /// The synthetic scorer reads rewards out of synthetic draws.
    private func syntheticFindings(_ scorer: ScorerSpec) -> [Finding] {
        guard scorer.kind == .synthetic, sample.candidates > 0,
            configuration.run?.candidates.contains(.score) ?? false
        else { return [] }
        return [
            Finding(
                .warning, .scorerPrompts, at: "scorer",
                "the synthetic scorer scores synthetic draws only, and the prompts have "
                    + "\(sample.isWhole ? "" : "more than ")"
                    + "\(NumberText.count(sample.candidates, "candidate")): each will be a failure",
                advice: "leave candidates out with `run.candidates: []`, or use another scorer")
        ]
    }

    /// Fields of the metadata that the scorer reads, and that prompts do not have.
    private func fieldFindings(_ scorer: ScorerSpec) -> [Finding] {
        guard case .fields(let names)? = try? scorer.metadataUse() else { return [] }
        return names.sorted().compactMap { name in
            let without = sample.read - (sample.fields[name] ?? 0)
            guard without > 0 else { return nil }
            let advice =
                "name the field that has it (\(field(of: scorer))); the prompts' fields are "
                + (known.isEmpty ? "none" : known)
            if without == sample.read {
                let all = NumberText.count(sample.read, "prompt")
                return Finding(
                    .error, .scorerPrompts, at: "scorer",
                    "the scorer reads the field `\(name)`, and none of the \(all) that were read "
                        + "has it: no draw would get a reward",
                    advice: advice)
            }
            return Finding(
                .warning, .scorerPrompts, at: "scorer",
                "\(NumberText.count(without)) of \(NumberText.count(sample.read, "prompt")) have "
                    + "no field `\(name)`, which the scorer reads: their draws get no reward",
                advice: advice)
        }
    }

    private var known: String {
        sample.fields.keys.sorted().prefix(Self.namesMax).joined(separator: ", ")
    }

    /// Which key of the configuration names the field.
    private func field(of scorer: ScorerSpec) -> String {
        scorer.kind.name == .verifier ? "`scorer.verifier.field`" : "in the section `scorer`"
    }
}
