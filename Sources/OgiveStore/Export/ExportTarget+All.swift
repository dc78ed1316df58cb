extension ExportTarget: CaseIterable {
    /// All targets, in the order in which the command names them.
    package static let allCases: [ExportTarget] = [
        .qrpoClaire, .qrpoSwiss, .qrpoVerl, .trlDPO, .trlReward, .trlKTO, .trlSFT, .trlA2PO, .rebel,
        .astarPO,
        .verl, .value, .raw,
    ]

    /// The trainer of arXiv 2507.08068 (CLAIRE-Labo/quantile-reward-policy-optimization).
    package static let qrpoClaire: ExportTarget = {
        var target = ExportTarget("qrpo-claire", .pairs("qrpo_claire_rows", hasReferences: true)) {
            ExportColumn.talks(["chosen", "rejected"], $0) + [
                ExportColumn("chosen_rewards", .float), ExportColumn("rejected_rewards", .float),
                ExportColumn("ref_rewards", .list(.float)),
                ExportColumn("ref_completions", .list(.text)),
            ]
        }
        target.leavesOut = [.partialTurns, .tools]
        target.isRectangular = true
        return target
    }()

    /// The trainer of swiss-ai/posttraining.
    package static let qrpoSwiss: ExportTarget = {
        let names = LogProbabilityColumns(
            chosen: "ref_chosen_logprob", rejected: "ref_rejected_logprob", endsChatsAlone: true)
        var target = ExportTarget("qrpo-swiss", .pairs("qrpo_swiss_rows", hasReferences: true)) {
            ExportColumn.talks(["chosen", "rejected"], $0) + [
                ExportColumn("chosen_reward", .float), ExportColumn("rejected_reward", .float),
                ExportColumn("ref_rewards", .list(.float)),
                ExportColumn("chosen_quantile_reward", .float),
                ExportColumn("rejected_quantile_reward", .float),
            ] + ExportColumn.logProbabilities(names, $0)
        }
        target.logProbabilities = names
        target.leavesOut = [.partialTurns, .tools]
        target.isRectangular = true
        return target
    }()

    /// QRPO on verl, the branch online-qrpo-impl of swiss-ai/posttraining: prompts with what its
    /// store of reference rewards holds.
    package static let qrpoVerl: ExportTarget = {
        let rows = ExportRows(
            "ogive.qrpo_verl_rows($1, $4::integer, 'all', $2)", options: [.refRewards])
        var target = ExportTarget("qrpo-verl", rows) { survey in
            let chat = survey.asChats.talk
            return [
                ExportColumn("prompt_id", .text, "x.prompt_key"),
                ExportColumn("prompt_messages", chat, isJSON: true),
                ExportColumn("ref_completions", .list(.text)),
                ExportColumn("ref_rewards", .list(.float)),
                ExportColumn("offline_trajectories", .list(.chat), isJSON: true),
                ExportColumn("offline_rewards", .list(.float)),
            ]
        }
        target.leavesOut = [.partialTurns, .tools, .texts]
        target.isRectangular = true
        target.takesAnyPrompt = true
        return target
    }()

    /// TRL's DPOTrainer: preferences, and reference log-probabilities under its own names.
    package static let trlDPO: ExportTarget = {
        let names = LogProbabilityColumns(
            chosen: "ref_chosen_logps", rejected: "ref_rejected_logps")
        var target = ExportTarget("trl-dpo", .pairs("trl_dpo_rows")) {
            ExportColumn.talks(["prompt", "chosen", "rejected"], $0) + ExportColumn.tools($0)
                + ExportColumn.logProbabilities(names, $0)
        }
        target.logProbabilities = names
        return target
    }()

    /// TRL's RewardTrainer, and OpenRLHF's trainers of pairs.
    package static let trlReward = ExportTarget("trl-reward", .pairs("trl_reward_rows")) {
        ExportColumn.talks(["prompt", "chosen", "rejected"], $0)
            + [ExportColumn("margin", .float)] + ExportColumn.tools($0)
    }

    /// TRL's KTOTrainer.
    package static let trlKTO: ExportTarget = {
        let rows = ExportRows(
            "ogive.trl_kto_rows($1, 'all', $4::float8, $2)",
            order: ["item_kind DESC", "item_index"], options: [.threshold])
        var target = ExportTarget("trl-kto", rows) {
            ExportColumn.talks(["prompt", "completion"], $0)
                + [ExportColumn("label", .boolean)] + ExportColumn.tools($0)
        }
        target.leavesOut = [.partialTurns]
        return target
    }()

    /// TRL's SFTTrainer: the best draw of each prompt.
    package static let trlSFT: ExportTarget = {
        let rows = ExportRows(
            "ogive.trl_sft_rows($1, $4::integer, $5::float8, $2)", options: [.k, .threshold])
        var target = ExportTarget("trl-sft", rows) {
            ExportColumn.talks(["prompt", "completion"], $0) + ExportColumn.tools($0)
        }
        target.leavesOut = [.partialTurns]
        return target
    }()

    /// TRL's A2POTrainer (arXiv 2505.20686): optimal values of prompts.
    package static let trlA2PO: ExportTarget = {
        let rows = ExportRows("ogive.trl_a2po_rows($1, $4, $2)", options: [.beta])
        var target = ExportTarget("trl-a2po", rows) {
            [
                ExportColumn("prompt", $0.talk, isJSON: true), ExportColumn("ground_truth", .text),
                ExportColumn("beta1", .float), ExportColumn("optimal_value", .float),
                ExportColumn("all_incorrect", .boolean),
            ]
        }
        target.leavesOut = [.partialTurns, .tools]
        return target
    }()

    /// The scripts of ZhaolinGao/REBEL (arXiv 2404.16767).
    package static let rebel: ExportTarget = {
        let rows = ExportRows(
            "ogive.rebel_rows($1, $4::integer, $2)", options: [.refRewards])
        var target = ExportTarget("rebel", rows) { survey in
            let numbers = 0..<survey.references
            return [ExportColumn("prompt", .text)]
                + numbers.map { ExportColumn("response_\($0)", .text, "x.responses[\($0 + 1)]") }
                + numbers.map {
                    ExportColumn("response_\($0)_reward", .float, "x.rewards[\($0 + 1)]")
                }
        }
        target.leavesOut = [.severalTurns, .texts]
        target.isRectangular = true
        target.takesAnyPrompt = true
        return target
    }()

    /// The authors' trainer of A*-PO (ZhaolinGao/A-PO, arXiv 2505.20686).
    package static let astarPO: ExportTarget = {
        let rows = ExportRows(
            "ogive.astar_po_rows($1, $4::integer, $2)", options: [.refRewards])
        var target = ExportTarget("astar-po", rows) { survey in
            ExportColumn.verl(survey.asChats)
                + (0..<survey.references).map {
                    ExportColumn("eval_\($0)", .float, "x.evals[\($0 + 1)]")
                }
        }
        target.leavesOut = [.severalTurns]
        target.isRectangular = true
        target.takesAnyPrompt = true
        return target
    }()

    /// verl's trainers with rollouts.
    package static let verl: ExportTarget = {
        var target = ExportTarget("verl", ExportRows("ogive.verl_rows($1, $2)", options: [])) {
            ExportColumn.verl($0.asChats) + [
                ExportColumn("n", .integer), ExportColumn("mean_reward", .float),
                ExportColumn("reward_spread", .float, isOptional: true),
            ]
        }
        target.leavesOut = [.partialTurns, .tools, .texts]
        target.takesAnyPrompt = true
        return target
    }()

    /// Values of prompts or prefixes.
    package static let value: ExportTarget = {
        var target = ExportTarget(
            "value", ExportRows("ogive.value_rows($1, $4, $2)", options: [.beta])
        ) { survey in
            let floats = ["value", "standard_error", "soft_value", "minimum", "maximum"]
            let prompt = """
                ogive.sampled_prompt(
                    x.prompt, (SELECT v.api FROM ogive.run_policies v WHERE v.run = $1))
                """
            return [
                ExportColumn.key, ExportColumn("prompt", survey.talk, prompt, isJSON: true),
                ExportColumn("n", .integer), ExportColumn("complete", .boolean),
            ] + floats.map { ExportColumn($0, .float, isOptional: $0 == "standard_error") }
        }
        target.takesAnyPrompt = true
        return target
    }()

    /// Every draw and candidate with a reward.
    package static let raw: ExportTarget = {
        var rows = ExportRows(
            "ogive.raw_rows($1, $4, $5, $6, $7, $8::float8, $2)",
            order: ["item_kind DESC", "item_index"],
            options: [.beta, .transform, .ties, .partitionFunction])
        rows.takesMeanSpread = true
        var target = ExportTarget("raw", rows) {
            [
                ExportColumn.key,
                ExportColumn("prompt", $0.talk, isJSON: true).shared(
                    "ogive.sampled_prompt(p.content, v.api)"),
                ExportColumn("item_kind", .text),
                ExportColumn("item_index", .integer),
                ExportColumn("label", .text, isOptional: true),
                ExportColumn("completion", .text),
                ExportColumn("truncated", .boolean, isOptional: true),
                ExportColumn("reward", .float), ExportColumn("quantile_reward", .float),
                ExportColumn("standard_error", .float), ExportColumn("n", .integer),
                ExportColumn("complete", .boolean), ExportColumn("degenerate", .boolean),
                ExportColumn("ref_log_probability", .float, isOptional: true),
                ExportColumn("token_count", .integer, isOptional: true),
                // NULL for NaN, which is no number: a normal transform of a single reference.
                ExportColumn("log_z", .float, isOptional: true),
                ExportColumn("target", .float, isOptional: true),
                ExportColumn("text_is_lossy", .boolean),
            ] + ExportColumn.tools($0).map { $0.shared("p.content ->> 'tools'") }
        }
        target.takesAnyPrompt = true
        return target
    }()
}

extension ExportRows {
    /// Pairs of completions, by one of the functions that read `ogive.trainer_pairs`.
    fileprivate static func pairs(_ function: String, hasReferences: Bool = false) -> ExportRows {
        let references = hasReferences ? ", $10::integer" : ""
        var rows = ExportRows(
            """
            ogive.\(function)($1, $4, $5::integer, $6::integer, $7::bigint, $8::float8, \
            $9::boolean\(references), $2)
            """,
            order: ["pair_index"],
            options: [.strategy, .k, .pairs, .seed, .minGap, .dropEqual]
                + (hasReferences ? [.refRewards] : []))
        rows.isOfPairs = true
        return rows
    }
}
