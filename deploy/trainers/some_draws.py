"""Training rows with quantile rewards from some of a table's draws: for the ablation over n_ref.

The draws before `train_from` are references, the others are trained on: none is in the table that
it is judged by, and what is trained on is the same whatever the number of references. The seed
moves the window of draws that are references, so that seeds differ in them too.
"""
from ogive import schemas
from ogive._session import quoted
from ogive.torch import TrainingRows

# Sorting and counting as everywhere: ogive.quantile_reward on a sorted array.
QUANTILES = """
    SELECT d.prompt_id, d.draw_index, ogive.quantile_reward(f.rewards, d.reward) AS quantile_reward
    FROM ogive.scored_completions d
    JOIN (
        SELECT t.prompt_id, array_agg(u.reward ORDER BY u.reward) AS rewards
        FROM ogive.quantile_tables t, unnest(t.draw_indexes, t.draw_rewards) u(draw_index, reward)
        WHERE t.run = {run} AND t.prompt_id = ANY ({page}) AND u.draw_index = ANY ({window})
        GROUP BY t.prompt_id
    ) f USING (prompt_id)
    WHERE d.run = {run} AND d.prompt_id = ANY ({page}) AND d.draw_index >= {train_from}"""
COLUMNS = schemas.Columns(
    "quantiles",
    (schemas.Column("prompt_id", schemas.LONG), schemas.Column("draw_index", schemas.INT),
     schemas.Column("quantile_reward", schemas.FLOAT)),
    "prompt_id")
COUNTS = """
    SELECT prompt_id, count(*) AS rows FROM ogive.scored_completions
    WHERE run = {run} AND draw_index >= {train_from} GROUP BY prompt_id"""


class SomeDraws(TrainingRows):
    """As TrainingRows, for the identity transform and draws only."""

    def __init__(self, run, beta, reference_draws, train_from, **order):
        super().__init__(run, beta, source="draws", **order)
        if not 1 <= reference_draws <= train_from:
            raise ValueError(f"{reference_draws} references of the draws before {train_from}")
        begin = self.seed * reference_draws
        self.window = [(begin + number) % train_from for number in range(reference_draws)]
        self.train_from = train_from

    def order(self):
        """The window counts too."""
        return {**super().order(), "window": self.window, "train_from": self.train_from}

    def counts_query(self):
        """Rows of each prompt."""
        return COUNTS.format(run=quoted(self.run.name), train_from=self.train_from)

    def read(self, session, options, prompts):
        """The page's rows from `train_from` on, with other quantile rewards and targets."""
        query = QUANTILES.format(
            run=quoted(self.run.name), page=quoted(prompts.tolist()) + "::bigint[]",
            window=quoted(self.window) + "::integer[]", train_from=self.train_from)
        found = {(item["prompt_id"], item["draw_index"]): item["quantile_reward"]
                 for item in session.table(query, COLUMNS).to_pylist()}
        rows = [row for row in super().read(session, options, prompts)
                if (row["prompt_id"], row["item_index"]) in found]
        for row in rows:
            row["quantile_reward"] = found[row["prompt_id"], row["item_index"]]
            row["target"] = row["quantile_reward"] - options["beta"] * row["log_z"]
        return rows
