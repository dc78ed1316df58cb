"""TRL's trainers with what Ogive computed already, from the columns of `ogive export`.

    from ogive.trl import StoredReferenceDPOTrainer   # ogive export RUN --for trl-dpo
    from ogive.trl import StoredValueA2POTrainer      # ogive export RUN --for trl-a2po

The tests run them with TRL 1.16. They replace a method of TRL's trainers that TRL may rename, so a
version without it is refused.
"""

from __future__ import annotations

from typing import Any

from ogive.errors import OgiveError, missing

try:
    import trl
    from trl import DPOTrainer
    from trl.data_utils import maybe_apply_chat_template
    from trl.experimental.a2po import A2POTrainer
except ImportError as error:
    raise missing("trl", error) from error

for _trainer, _method in (
    (DPOTrainer, "_precompute_ref_logps"),
    (A2POTrainer, "_estimate_optimal_values"),
):
    if not hasattr(_trainer, _method):
        raise ImportError(
            f"TRL {trl.__version__} has no {_trainer.__name__}.{_method}, which ogive.trl "
            "replaces: install TRL 1.16"
        )


class StoredReferenceDPOTrainer(DPOTrainer):
    """Takes reference log-probabilities from `ref_chosen_logps` and `ref_rejected_logps`.

    Use it with `precompute_ref_log_probs=True`: TRL would compute the two columns by a pass over
    the reference model, and stops when they are there.

    Raises:
        OgiveError: If a column or a value is missing, or `max_length` cuts a row off, whose stored
            value is that of the whole completion.
    """

    def _precompute_ref_logps(self, dataset: Any, name: str, _batch_size: int) -> Any:
        for column in ("ref_chosen_logps", "ref_rejected_logps"):
            if column not in dataset.column_names:
                raise OgiveError(f"the {name} data set has no column {column}")
            missing = sum(value is None for value in dataset[column])
            if missing:
                raise OgiveError(
                    f"{missing} rows of the {name} data set have no {column}: filter them out, or "
                    "use DPOTrainer, which computes its own"
                )
        most = self.args.max_length
        if most is not None:
            cut = sum(
                len(row["prompt_ids"]) + max(len(row["chosen_ids"]), len(row["rejected_ids"]))
                > most
                for row in dataset
            )
            if cut:
                raise OgiveError(
                    f"max_length = {most} cuts off {cut} rows of the {name} data set, and stored "
                    "log-probabilities are those of whole completions: give a larger one"
                )
        return dataset


class StoredValueA2POTrainer(A2POTrainer):
    """Takes optimal values from `optimal_value`, so that nothing is sampled for them.

    `filter_all_incorrect` leaves out rows with `all_incorrect`.

    Raises:
        OgiveError: If `beta1` of the configuration is another one than that of the file.
    """

    train_dataset: Any

    def _estimate_optimal_values(self) -> None:
        values = {}
        datasets = [self.train_dataset]
        if self.eval_dataset is not None:
            datasets.append(self.eval_dataset)
        for dataset in datasets:
            for row in dataset:
                if row["beta1"] != self.args.beta1:
                    raise OgiveError(
                        f"the values are for beta1 = {row['beta1']}, and the configuration says "
                        f"{self.args.beta1}"
                    )
                prompt = maybe_apply_chat_template(
                    {"prompt": row["prompt"]}, self.processing_class
                )["prompt"]
                values[prompt] = row["optimal_value"]
        self._optimal_values = values
        if self.args.filter_all_incorrect:
            self.train_dataset = self.train_dataset.filter(lambda row: not row["all_incorrect"])
