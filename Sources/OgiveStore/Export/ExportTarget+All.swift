extension ExportTarget: CaseIterable {
    /// All targets, in the order in which the command names them.
    package static let allCases: [ExportTarget] = [
        .qrpoClaire, .qrpoSwiss, .trlPreference, .dpo, .rebel, .astarPO, .value, .raw,
    ]

    /// The trainer of arXiv 2507.08068 (CLAIRE-Labo/quantile-reward-policy-optimization).
    package static let qrpoClaire = ExportTarget(
        "qrpo-claire", .pairs,
        logProbabilities: LogProbabilityColumns(
            chosen: "ref_chosen_logps", rejected: "ref_rejected_logps")
    ) { request in
        let references = request.refRewards.map { "x.draw_rewards[1:\($0)]" }
        return ExportColumn.wholeChats + [
            ExportColumn("chosen_rewards", "x.chosen_reward"),
            ExportColumn("rejected_rewards", "x.rejected_reward"),
            ExportColumn("ref_rewards", references ?? "x.draw_rewards"),
            // Their script removes this column and fails when it is not there.
            ExportColumn("ref_completions", "'[]'::json"),
        ]
    }

    /// The trainer of swiss-ai/posttraining.
    package static let qrpoSwiss = ExportTarget(
        "qrpo-swiss", .pairs,
        logProbabilities: LogProbabilityColumns(
            chosen: "ref_chosen_logprob", rejected: "ref_rejected_logprob")
    ) { _ in
        ExportColumn.wholeChats + ExportColumn.pairRewards + [
            ExportColumn("ref_rewards", "x.draw_rewards"),
            ExportColumn("chosen_quantile_reward"), ExportColumn("rejected_quantile_reward"),
        ]
    }

    /// TRL's preference format.
    package static let trlPreference = ExportTarget("trl-preference", .pairs) { _ in
        ExportColumn.promptAndAnswers
    }

    /// The same with the reference log-probabilities that TRL's DPOTrainer need not compute then.
    package static let dpo = ExportTarget(
        "dpo", .pairs,
        logProbabilities: LogProbabilityColumns(
            chosen: "ref_chosen_logps", rejected: "ref_rejected_logps")
    ) { _ in
        ExportColumn.promptAndAnswers
    }

    /// Pairs with reward gaps and reference log-probabilities (arXiv 2404.16767).
    package static let rebel = ExportTarget(
        "rebel", .pairs,
        logProbabilities: LogProbabilityColumns(
            chosen: "ref_chosen_logprob", rejected: "ref_rejected_logprob", isRequired: true)
    ) { _ in
        ExportColumn.promptAndAnswers + ExportColumn.pairRewards + [ExportColumn("reward_gap")]
    }

    /// Soft values of prompts (arXiv 2505.20686).
    package static let astarPO = ExportTarget("astar-po", .valuesWithRewards) { _ in
        [
            ExportColumn.key, ExportColumn.prompt, ExportColumn("n"),
            ExportColumn("rewards", "x.draw_rewards"), ExportColumn("soft_value"),
            ExportColumn("mean_value", "x.value"),
        ]
    }

    /// Values of prompts or prefixes.
    package static let value = ExportTarget("value", .values) { _ in
        [
            ExportColumn.key, ExportColumn.prompt, ExportColumn("n"), ExportColumn("complete"),
            ExportColumn("value"), ExportColumn("standard_error"), ExportColumn("soft_value"),
            ExportColumn("minimum"), ExportColumn("maximum"),
        ]
    }

    /// Every draw and candidate with a reward.
    package static let raw = ExportTarget("raw", .completions) { _ in
        [
            ExportColumn.key, ExportColumn.prompt, ExportColumn("item_kind", isText: true),
            ExportColumn("item_index"), ExportColumn("label", isText: true),
            ExportColumn("completion", isText: true), ExportColumn("truncated"),
            ExportColumn("reward"), ExportColumn("quantile_reward"),
            ExportColumn("standard_error"), ExportColumn("n"), ExportColumn("complete"),
            ExportColumn("degenerate"), ExportColumn("ref_log_probability"),
            ExportColumn("token_count"),
            // NaN, which JSON cannot say: a normal transform of a single reference.
            ExportColumn("log_z", "nullif(x.log_z, 'NaN')"),
            ExportColumn("target", "nullif(x.target, 'NaN')"), ExportColumn("text_is_lossy"),
        ]
    }
}

extension ExportRows {
    /// Pairs of completions.
    fileprivate static var pairs: ExportRows {
        var rows = ExportRows(
            "ogive.preference_pairs($1, $4, $5::integer, $6::integer, $7::bigint, $2)",
            order: ["pair_index"], options: [.strategy, .k, .pairs, .seed])
        rows.isOfPairs = true
        return rows
    }

    /// Draws and candidates with a reward.
    fileprivate static var completions: ExportRows {
        var rows = ExportRows(
            "ogive.training_rows($1, $4, $5, $6, mean_spread => $7::float8, snapshot => $2)",
            order: ["item_kind DESC", "item_index"], options: [.beta, .transform, .ties])
        rows.takesMeanSpread = true
        return rows
    }

    /// Values of prompts.
    fileprivate static var values: ExportRows {
        ExportRows("ogive.value_rows($1, $4, $2)", options: [.beta])
    }

    /// The same with the rewards of the draws.
    fileprivate static var valuesWithRewards: ExportRows {
        ExportRows(
            """
            (SELECT v.*, t.draw_rewards FROM ogive.value_rows($1, $4, $2) v
            JOIN ogive.run_tables t ON t.prompt_id = v.prompt_id
            WHERE t.run_id = ogive.run_id($1) AND t.snapshot_id = ogive.snapshot_id($1, $2)
                AND v.prompt_id = ANY ($3) AND t.prompt_id = ANY ($3))
            """,
            options: [.beta])
    }
}
