"""TRL's own loading, validation and loss code on exported files."""
import copy
import math

import pytest
import torch

pytest.importorskip("trl", reason="TRL is not installed: deploy/setup --trainers")
PAIRS = ("--strategy", "best-worst")


def arguments(tmp_path, **more):
    """What every trainer is told."""
    return dict(output_dir=str(tmp_path), per_device_train_batch_size=4, max_steps=2,
                report_to=[], save_strategy="no", logging_steps=1, use_cpu=True,
                disable_tqdm=True, seed=0, bf16=False, gradient_checkpointing=False, **more)


def tokenizer(policy, run):
    """What makes tokens of the prompts of a run."""
    if run != "plain":
        return policy.tokenizer
    # Before a plain text the server puts BOS; so do tokenisers, but not what a GGUF file gives.
    from tokenizers.processors import TemplateProcessing
    found = copy.deepcopy(policy.tokenizer)
    found.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{found.bos_token} $A", special_tokens=[(found.bos_token, found.bos_token_id)])
    return found


def trained(trainer):
    """Trains, and gives the losses."""
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses and all(math.isfinite(loss) for loss in losses)
    return losses


@pytest.mark.parametrize(("run", "form"), [("fit", "shards"), ("right", "parquet"),
                                           ("plain", "parquet")])
def test_dpo_computes_the_log_probabilities_that_the_file_has(
        exports, policy, tmp_path, run, form):
    from trl import DPOConfig, DPOTrainer
    rows = exports.rows("trl-dpo", *PAIRS, run=run, form=form)
    assert len(rows) > 3
    config = DPOConfig(**arguments(tmp_path, precompute_ref_log_probs=True))
    columns = ["ref_chosen_logps", "ref_rejected_logps"]
    trainer = DPOTrainer(policy.model, args=config, train_dataset=rows.remove_columns(columns),
                         processing_class=tokenizer(policy, run))
    apart = []
    for row, theirs in zip(rows, trainer.train_dataset):
        for name, tokens in zip(columns, ["chosen_ids", "rejected_ids"]):
            if row[name] is not None:  # else a truncated draw: the trainer puts an end behind it
                apart.append(abs(row[name] - theirs[name]) / len(theirs[tokens]))
    print(f"{run}: {len(apart)} log-probabilities, at most {max(apart):.1e} nats a token apart")
    # llama.cpp keeps keys and values in 16 bits unless it is told otherwise.
    assert max(apart) < 0.03 and len(apart) > 6


@pytest.mark.parametrize("run", ["fit", "plain"])
def test_dpo_trains_from_stored_log_probabilities(exports, policy, tmp_path, run):
    from ogive import OgiveError
    from ogive.trl import StoredReferenceDPOTrainer
    from trl import DPOConfig, DPOTrainer
    rows = exports.rows("trl-dpo", *PAIRS, run=run, form="parquet").filter(
        lambda row: row["ref_chosen_logps"] is not None and row["ref_rejected_logps"] is not None)
    config = DPOConfig(**arguments(tmp_path, precompute_ref_log_probs=True))

    def losses(trainer, data, settings=config):
        return trained(trainer(copy.deepcopy(policy.model), args=settings, train_dataset=data,
                               processing_class=tokenizer(policy, run)))

    ours = losses(StoredReferenceDPOTrainer, rows)
    theirs = losses(DPOTrainer, rows.remove_columns(["ref_chosen_logps", "ref_rejected_logps"]))
    assert ours == pytest.approx(theirs, abs=0.02)
    with pytest.raises(OgiveError, match="has no column"):
        losses(StoredReferenceDPOTrainer, rows.remove_columns("ref_chosen_logps"))
    # Of what is cut off, the stored value would be another number.
    short = DPOConfig(**arguments(tmp_path, precompute_ref_log_probs=True, max_length=20))
    with pytest.raises(OgiveError, match="max_length = 20 cuts off"):
        losses(StoredReferenceDPOTrainer, rows, short)
    nothing = rows.map(lambda row: {"ref_chosen_logps": None}, features=rows.features)
    with pytest.raises(OgiveError, match=f"{len(rows)} rows of the train data set have no"):
        losses(StoredReferenceDPOTrainer, nothing)


@pytest.mark.parametrize("run", ["fit", "right", "plain"])
def test_reward_trainer_takes_the_margin_from_the_difference(exports, policy, tmp_path, run):
    from transformers import LlamaForSequenceClassification
    from trl import RewardConfig, RewardTrainer
    rows = exports.rows(
        "trl-reward", "--strategy", "balanced", "--pairs", "2", "--drop-equal", "--min-gap", "0.01",
        run=run, form="shards")
    assert min(rows["margin"]) >= 0.01
    settings = copy.deepcopy(policy.model.config)
    settings.num_labels, settings.pad_token_id = 1, policy.tokenizer.pad_token_id
    torch.manual_seed(0)
    model = LlamaForSequenceClassification(settings)
    torch.nn.init.zeros_(model.score.weight)
    trainer = RewardTrainer(model, args=RewardConfig(**arguments(tmp_path, learning_rate=0.0)),
                            train_dataset=rows, processing_class=tokenizer(policy, run))
    # A model that says 0 for everything: the loss is that of the margins alone.
    batch = next(iter(trainer.get_train_dataloader()))
    loss = trainer.compute_loss(trainer.model, batch)
    assert loss.item() == pytest.approx(
        -torch.nn.functional.logsigmoid(-batch["margin"]).mean().item(), rel=1e-6)
    trained(trainer)


@pytest.mark.parametrize("run", ["fit", "right", "plain", "failed"])
def test_kto_trains_on_both_labels(exports, policy, tmp_path, run):
    from trl import KTOConfig, KTOTrainer
    rows = exports.rows("trl-kto", run=run, form="parquet")
    assert {True, False} == set(rows["label"])
    trained(KTOTrainer(copy.deepcopy(policy.model), args=KTOConfig(**arguments(tmp_path)),
                       train_dataset=rows, processing_class=tokenizer(policy, run)))


@pytest.mark.parametrize("run", ["fit", "right", "plain", "failed"])
def test_sft_trains_on_the_completion_alone(exports, policy, tmp_path, run):
    from trl import SFTConfig, SFTTrainer
    rows = exports.rows("trl-sft", run=run, form="shards")
    trainer = SFTTrainer(copy.deepcopy(policy.model), args=SFTConfig(**arguments(tmp_path)),
                         train_dataset=rows, processing_class=tokenizer(policy, run))
    for row, theirs in zip(rows, trainer.train_dataset):
        kept = [token for token in theirs["labels"] if token != -100]
        answer = row["completion"]
        text = answer if run == "plain" else answer[0]["content"]
        assert policy.tokenizer.decode(kept) == text + "<|end|>"
    trained(trainer)


@pytest.mark.parametrize("run", ["fit", "right", "plain"])
def test_a2po_takes_the_optimal_values(exports, policy, tmp_path, run):
    from ogive import OgiveError
    from ogive.trl import StoredValueA2POTrainer
    from trl.experimental.a2po import A2POConfig
    rows = exports.rows("trl-a2po", run=run, form="parquet")
    config = A2POConfig(**arguments(tmp_path, max_completion_length=4))

    def reward(prompts, completions, ground_truth, **others):
        return [float(truth in text) for truth, text in zip(ground_truth, completions)]

    def trainer(data, settings=config):
        return StoredValueA2POTrainer(
            copy.deepcopy(policy.model), reward, args=settings, train_dataset=data,
            processing_class=tokenizer(policy, run))

    one = trainer(rows)
    trained(one)
    assert sorted(one._optimal_values.values()) == sorted(rows["optimal_value"])
    other = A2POConfig(**arguments(tmp_path, beta1=0.3))
    with pytest.raises(OgiveError, match="beta1"):
        trainer(rows, other).train()
