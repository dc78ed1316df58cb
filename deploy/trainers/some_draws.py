"""Training rows with quantile rewards from some of a table's draws: for the ablation over n_ref.

The draws before `train_from` are references, the others are trained on: none is in the table that
it is judged by, and what is trained on is the same whatever the number of references. The seed
moves the window of draws that are references, so that seeds differ in them too.
"""
import psycopg

from row_pages import TrainingRows

# Sorting and counting as everywhere: ogive.quantile_reward on a sorted array.
QUANTILES = """
    SELECT d.prompt_id, d.draw_index, ogive.quantile_reward(f.rewards, d.reward) AS quantile_reward
    FROM ogive.scored_completions d
    JOIN (
        SELECT t.prompt_id, array_agg(u.reward ORDER BY u.reward) AS rewards
        FROM ogive.quantile_tables t, unnest(t.draw_indexes, t.draw_rewards) u(draw_index, reward)
        WHERE t.run = %(run)s AND t.prompt_id = ANY (%(page)s)
            AND u.draw_index = ANY (%(window)s)
        GROUP BY t.prompt_id
    ) f USING (prompt_id)
    WHERE d.run = %(run)s AND d.prompt_id = ANY (%(page)s) AND d.draw_index >= %(train_from)s
        AND d.reward IS NOT NULL"""
COUNT = """
    SELECT count(*) FROM ogive.scored_completions d
    JOIN ogive.quantile_tables t USING (run_id, prompt_id)
    WHERE d.run = %s AND d.draw_index >= %s AND d.reward IS NOT NULL
        AND t.complete AND NOT t.degenerate"""


class SomeDraws(TrainingRows):
    """As TrainingRows, for the identity transform and draws only."""

    def __init__(self, conninfo, run, beta, reference_draws, train_from, **order):
        super().__init__(conninfo, run, beta, source="draws", **order)
        if not 1 <= reference_draws <= train_from:
            raise ValueError(f"{reference_draws} references of the draws before {train_from}")
        begin = self.seed * reference_draws
        self.window = [(begin + number) % train_from for number in range(reference_draws)]
        self.train_from = train_from

    def order(self):
        """The window counts too."""
        return {**super().order(), "window": self.window, "train_from": self.train_from}

    def count(self):
        """Rows of an epoch."""
        with psycopg.connect(self.conninfo) as connection:
            return connection.execute(COUNT, [self.run, self.train_from]).fetchone()[0]

    def read(self, connection, arguments, page):
        """The page's rows from `train_from` on, with other quantile rewards and targets."""
        values = {"run": self.run, "page": page.tolist(), "window": self.window,
                  "train_from": self.train_from}
        found = {(item["prompt_id"], item["draw_index"]): item["quantile_reward"]
                 for item in connection.execute(QUANTILES, values)}
        rows = [row for row in super().read(connection, arguments, page)
                if (row["prompt_id"], row["item_index"]) in found]
        for row in rows:
            row["quantile_reward"] = found[row["prompt_id"], row["item_index"]]
            row["target"] = row["quantile_reward"] - arguments["beta"] * row["log_z"]
        return rows
