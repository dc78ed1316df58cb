"""TRL's trainers with what Ogive has computed already, from the columns of `ogive export`.

    from stored_values import StoredReferenceDPOTrainer   # ogive export RUN --for trl-dpo
    from stored_values import StoredValueA2POTrainer      # ogive export RUN --for trl-a2po
"""
from trl import DPOTrainer
from trl.data_utils import maybe_apply_chat_template
from trl.experimental.a2po import A2POTrainer


class StoredReferenceDPOTrainer(DPOTrainer):
    """Takes reference log-probabilities from `ref_chosen_logps` and `ref_rejected_logps`.

    Use it with `precompute_ref_log_probs=True`: TRL would compute the two columns by a pass over
    the reference model, and stops when they are there. Rows without a value are refused.
    """

    def _precompute_ref_logps(self, dataset, name, batch_size):
        for column in ("ref_chosen_logps", "ref_rejected_logps"):
            if column not in dataset.column_names:
                raise ValueError(f"the {name} data set has no column {column}")
            missing = sum(value is None for value in dataset[column])
            if missing:
                raise ValueError(f"{missing} rows of the {name} data set have no {column}: filter "
                                 "them out, or use DPOTrainer, which computes its own")
        return dataset


class StoredValueA2POTrainer(A2POTrainer):
    """Takes optimal values from `optimal_value`, so that nothing is sampled for them.

    `filter_all_incorrect` leaves out rows with `all_incorrect`. `beta1` of the configuration must
    be that of the file.
    """

    def _estimate_optimal_values(self):
        values = {}
        datasets = [self.train_dataset] if self.eval_dataset is None \
            else [self.train_dataset, self.eval_dataset]
        for dataset in datasets:
            for row in dataset:
                if row["beta1"] != self.args.beta1:
                    raise ValueError(f"the values are for beta1 = {row['beta1']}, and the "
                                     f"configuration says {self.args.beta1}")
                prompt = maybe_apply_chat_template(
                    {"prompt": row["prompt"]}, self.processing_class)["prompt"]
                values[prompt] = row["optimal_value"]
        self._optimal_values = values
        if self.args.filter_all_incorrect:
            self.train_dataset = self.train_dataset.filter(lambda row: not row["all_incorrect"])
