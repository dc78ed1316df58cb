"""The code of the papers' authors on exported files: its own functions, out of a checkout.

Their trainers pin old versions of TRL, and their scripts are whole programs. So what reads the
columns is taken out of their files as it stands and run: the collators, the losses, the values.
"""
import ast
import contextlib
import copy
import dataclasses
import io
import os
import re
import sys
import traceback
import types
from typing import Any, Dict, List, Literal, Optional, Union

import numpy as np
import pandas
import pytest
import torch

pytest.importorskip("trl", reason="TRL is not installed: deploy/setup --trainers")
from transformers.data.data_collator import DataCollatorMixin
from trl.data_utils import maybe_apply_chat_template, maybe_extract_prompt
from trl.trainer.utils import pad

BETA = 0.1
PAIRS = ("--strategy", "best-worst")


def taken(path, *names, **more):
    """Definitions of a file, methods as `Class.name`, run as they stand."""
    wanted = []
    for node in ast.parse(path.read_text()).body:
        if getattr(node, "name", None) in names:
            wanted.append(node)
        for part in getattr(node, "body", []):
            if f"{getattr(node, 'name', '')}.{getattr(part, 'name', '')}" in names:
                wanted.append(part)
    assert len(wanted) == len(names), f"{path} has not all of {names}"
    for node in wanted:
        node.decorator_list = [part for part in node.decorator_list
                               if ast.unparse(part) not in ("staticmethod", "property")]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
    space = dict(torch=torch, np=np, pad=pad, DataCollatorMixin=DataCollatorMixin, Any=Any,
                 Dict=Dict, List=List, Literal=Literal, Optional=Optional, Union=Union,
                 dataclass=dataclasses.dataclass, F=torch.nn.functional, **more)
    exec(compile(ast.Module(wanted, []), str(path), "exec"), space)
    found = [space[name.split(".")[-1]] for name in names]
    return found[0] if len(found) == 1 else found


def batches(rows, policy, tokenize, collator, extra=lambda row: {}):
    """The rows as their trainers make batches of them."""
    for start in range(0, len(rows), 4):
        examples = []
        for row in rows.select(range(start, min(start + 4, len(rows)))):
            chat = maybe_extract_prompt(row)
            extras = extra(chat)
            text = maybe_apply_chat_template(chat, policy.tokenizer)
            tokens = tokenize(text, policy.tokenizer, None, None, False)
            examples.append({**row, **extras, **tokens})
        yield examples, collator.torch_call(examples)


def logps(policy, examples, name):
    """Log-probabilities of completions under the policy, and their tokens."""
    sums, counts = [], []
    for example in examples:
        prompt, answer = example["prompt_input_ids"], example[f"{name}_input_ids"]
        with torch.no_grad():
            logits = policy.model(torch.tensor([prompt + answer])).logits[0, len(prompt) - 1:-1]
        values = logits.log_softmax(-1).gather(1, torch.tensor(answer)[:, None])
        sums.append(values.sum())
        counts.append(len(answer))
    return torch.stack(sums), torch.tensor(counts, dtype=torch.float32)


def check_references(policy, examples, names):
    """What the file has is what the policy says of the very tokens that they train on."""
    compared = 0
    for name, column in names:
        sums, counts = logps(policy, examples, name)
        for example, value, count in zip(examples, sums, counts):
            if example[column] is not None:
                assert abs(example[column] - value.item()) < 0.03 * count.item(), example
                compared += 1
    return compared


def target(reward, references):
    """QRPO's target of the identity transform, with their log Z."""
    return np.mean([one <= reward for one in references]) - BETA * (np.log(BETA) + 1 / BETA)


def trainer_of(**settings):
    return types.SimpleNamespace(
        accelerator=types.SimpleNamespace(device="cpu"), beta=BETA, **settings)


@pytest.mark.parametrize("run", ["fit", "right", "failed"])
def test_claire_makes_the_targets_of_its_loss(exports, policy, code, run):
    path = code("quantile-reward-policy-optimization", "src/qrpo/trainers/qrpo.py")
    collator_type, tokenize, loss = taken(
        path, "QRPOCollator", "QRPOTrainer.tokenize_row", "QRPOTrainer.qrpo_loss")
    # Draws failed: the first six rewards of each prompt that has them.
    options = (*PAIRS, "--ref-rewards", "6") if run == "failed" else PAIRS
    rows = exports.rows("qrpo-claire", *options, run=run, form="shards")
    assert len(rows) > 2
    # As train_qrpo.py does it.
    references = np.array(rows["ref_rewards"])[:, :6]
    rows = rows.remove_columns(["ref_rewards", "ref_completions"])
    rows = rows.add_column(name="ref_rewards", column=references.tolist())
    collator = collator_type(pad_token_id=policy.tokenizer.pad_token_id)
    trainer = trainer_of(
        qrpo_transform_type="identity", qrpo_loss_type="mse", qrpo_sample_selector="both")

    def unmodified(chat):
        return {f"unmodified_{name}": chat[name] for name in ("prompt", "chosen", "rejected")}

    for examples, batch in batches(rows, policy, tokenize, collator, unmodified):
        chosen, rejected = (logps(policy, examples, name)[0] for name in ("chosen", "rejected"))
        logs = {}
        losses, _, _ = loss(
            trainer, {"chosen_logps": chosen + 1, "rejected_logps": rejected}, chosen, rejected,
            batch["chosen_rewards"], batch["rejected_rewards"], batch["ref_rewards"], logs)
        for example, found, one in zip(examples, logs["calibrated_rewards/chosen"], losses):
            wanted = target(example["chosen_rewards"], example["ref_rewards"])
            worst = target(example["rejected_rewards"], example["ref_rewards"])
            assert found.item() == pytest.approx(wanted, abs=1e-5)
            assert one.item() == pytest.approx(((wanted - BETA) ** 2 + worst ** 2) / 2, rel=1e-4)


@pytest.mark.parametrize("run", ["fit", "right", "failed"])
def test_swiss_takes_quantile_rewards_and_log_probabilities(exports, policy, code, run):
    path = code("posttraining", "src/post_training/trainers/preference.py")
    collator_type, tokenize, loss = taken(
        path, "PreferenceTrainerCollator", "PreferenceTrainer.tokenize_row",
        "PreferenceTrainer.qrpo_loss")
    options = (*PAIRS, "--ref-rewards", "6") if run == "failed" else PAIRS
    rows = exports.rows("qrpo-swiss", *options, run=run, form="parquet")
    assert len(rows) > 2
    # Where a draw has no log-probability the file has none, and the trainer computes its own.
    has_references = "ref_chosen_logprob" in rows.column_names
    if has_references:
        rows = rows.filter(lambda row: row["ref_chosen_logprob"] is not None
                           and row["ref_rejected_logprob"] is not None)
    compared = 0
    for count in (-1, 4):
        collator = collator_type(
            pad_token_id=policy.tokenizer.pad_token_id, num_ref_rewards=count)
        trainer = trainer_of(normalize_beta_by_length=False, normalize_loss_by_length=False)
        for examples, batch in batches(rows, policy, tokenize, collator):
            if has_references:
                compared += check_references(policy, examples, [
                    ("chosen", "ref_chosen_logprob"), ("rejected", "ref_rejected_logprob")])
            (chosen, lengths), (rejected, others) = (
                logps(policy, examples, name) for name in ("chosen", "rejected"))
            logs = {}
            loss(trainer, dict(chosen_logps=chosen, rejected_logps=rejected, chosen_lens=lengths,
                               rejected_lens=others),
                 batch.get("ref_chosen_logps", chosen), batch.get("ref_rejected_logps", rejected),
                 batch["chosen_rewards"],
                 batch["rejected_rewards"], batch["chosen_quantile_rewards"],
                 batch["rejected_quantile_rewards"], batch.get("ref_rewards"), logs)
            for example, found in zip(examples, logs["calibrated_targets_chosen"]):
                used = example["ref_rewards"][:count] if count > 0 else example["ref_rewards"]
                wanted = target(example["chosen_reward"], used)
                assert found.item() == pytest.approx(wanted, abs=1e-5)
    assert compared > 4 or not has_references


def test_swiss_gets_no_log_probabilities_of_plain_texts(exports, policy, code):
    path = code("posttraining", "src/post_training/trainers/preference.py")
    collator_type, tokenize = taken(
        path, "PreferenceTrainerCollator", "PreferenceTrainer.tokenize_row")
    rows = exports.rows("qrpo-swiss", *PAIRS, run="plain")
    assert len(rows) > 2 and "ref_chosen_logprob" not in rows.column_names
    collator = collator_type(pad_token_id=policy.tokenizer.pad_token_id)
    shared = 0
    for examples, batch in batches(rows, policy, tokenize, collator):
        assert len(batch["chosen_quantile_rewards"]) == len(examples)
        for example in examples:
            # It puts no end behind a text, and takes all that both begin with for the prompt.
            assert policy.end not in example["chosen_input_ids"]
            prompt = policy.tokenizer.decode(example["prompt_input_ids"])
            shared += not prompt.endswith("<|assistant|>")
    assert shared > 0


@pytest.mark.parametrize(("run", "is_chat"), [("fit", True), ("right", True), ("plain", False)])
def test_astar_po_computes_the_soft_values(exports, policy, code, run, is_chat):
    path = code("A-PO", "verl/utils/dataset/rl_dataset.py")
    said = io.StringIO()
    dataset = taken(path, "RLHFDataset", Dataset=torch.utils.data.Dataset, pd=pandas, os=os,
                    PreTrainedTokenizer=object, ListConfig=list)
    # It would copy the file from a file system of theirs.
    dataset._download = lambda self: None
    options = ("--ref-rewards", "6")
    rows = exports.rows("astar-po", *options, run=run)
    with contextlib.redirect_stdout(said):
        read = dataset([str(exports.file("astar-po", *options, run=run, form="parquet"))],
                       policy.tokenizer, beta1=0.5, num_gen_to_use=6, filter_prompts=False,
                       filter_incorrect=True, add_prompt_template=is_chat)
    assert "v_star is set to exp" in said.getvalue()
    # It leaves out prompts whose rewards are all 0.
    rows = [row for row in rows if sum(row[f"eval_{number}"] for number in range(6)) != 0]
    assert len(read) == len(rows) > 8
    for row, found in zip(rows, read.dataframe["v_star"]):
        values = np.array([row[f"eval_{number}"] for number in range(6)])
        assert found == pytest.approx(0.5 * np.log(np.mean(np.exp(values / 0.5))), rel=1e-12)
    assert read.dataframe["prompt"][0][0]["role"] == "user"
    assert [one["index"] for one in read.dataframe["extra_info"]]


@pytest.mark.parametrize("run", ["fit", "right", "failed"])
def test_rebel_reads_every_response_with_its_reward(exports, code, run):
    path = code("REBEL", "src/ultrafeedback_largebatch/filter_tokenize.py")
    get_message, differ = taken(path, "get_message", "filter_same_responses")
    rows = exports.rows("rebel", "--ref-rewards", "5", run=run, form="parquet")
    assert len(rows) > 4
    for row in rows:
        # As its main() picks the two; the tokens that it then makes are those of Llama 3 alone.
        rewards = [row[f"response_{number}_reward"] for number in range(5)]
        best, worst = int(np.argmax(rewards)), int(np.argmin(rewards))
        row = {**row, "chosen": row[f"response_{best}"], "reject": row[f"response_{worst}"]}
        assert get_message(row["prompt"], row["chosen"])[1]["content"] == row["chosen"]
        assert differ(row) == (row["chosen"] != row["reject"])


@pytest.mark.parametrize(("run", "form"), [("fit", "parquet"), ("right", "parquet"),
                                           ("failed", "jsonl")])
def test_verl_renders_the_chats(exports, policy, code, run, form):
    path = code("verl", "verl/utils/dataset/rl_dataset.py")
    datasets = pytest.importorskip("datasets")
    dataset = taken(
        path, "RLHFDataset", Dataset=torch.utils.data.Dataset, datasets=datasets, os=os,
        copy=copy, re=re, PreTrainedTokenizer=object, ProcessorMixin=object, DictConfig=dict,
        ListConfig=list, traceback=traceback, Image=types.SimpleNamespace(Image=object),
        normalize_token_ids=lambda ids: ids["input_ids"] if hasattr(ids, "keys") else ids)
    dataset._download = lambda self, use_origin_parquet=False: None
    rows = exports.rows("verl", run=run)
    with contextlib.redirect_stdout(io.StringIO()):
        read = dataset([str(exports.file("verl", run=run, form=form))], policy.tokenizer,
                       dict(filter_overlong_prompts_workers=None))
    assert len(read.dataframe) == len(rows)
    for number in range(len(rows)):
        item = read[number]
        assert item["raw_prompt"][0]["role"] == "user" and item["index"] > 0
        assert item["reward_model"]["ground_truth"]


@pytest.mark.parametrize(("run", "form"), [("fit", "parquet"), ("right", "jsonl"),
                                           ("failed", "shards")])
def test_openrlhf_splits_chats_into_prompt_and_answers(exports, policy, code, run, form):
    from datasets import load_dataset, load_from_disk
    path = code("OpenRLHF", "openrlhf/datasets/reward_dataset.py")
    exists, blending = taken(
        path.with_name("utils.py"), "exist_and_not_none", "blending_datasets", os=os,
        load_dataset=load_dataset, load_from_disk=load_from_disk)
    preprocess = taken(path, "preprocess_data", exist_and_not_none=exists)
    said = []
    strategy = types.SimpleNamespace(
        print=said.append, is_rank_0=lambda: True, args=types.SimpleNamespace(use_ms=False))
    file = exports.file("trl-reward", *PAIRS, run=run, form=form)
    rows = blending(str(file), None, strategy, dataset_split="train")
    assert len(rows) > 2 and any(str(file) in line for line in said)
    for row in rows:
        prompt, chosen, rejected, margin = preprocess(
            row, prompt_key="prompt", apply_chat_template=policy.tokenizer.apply_chat_template)
        assert prompt.endswith("<|assistant|>") and margin == row["margin"]
        assert chosen == row["chosen"][0]["content"] + "<|end|>"
        assert rejected == row["rejected"][0]["content"] + "<|end|>"


def test_qrpo_on_verl_starts_from_the_store(exports, code, tmp_path):
    package = code("posttraining-online", "src/post_training/qrpo-verl/ref_rewards/store.py")
    import qrpo_store
    file = exports.file("qrpo-verl", "--ref-rewards", "6")
    words = ["qrpo_store.py", str(file), "--store", str(tmp_path / "store"), "--version", "v1",
             "--data", str(tmp_path / "data")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", words)
        qrpo_store.main()
        with pytest.raises(SystemExit, match="is there already"):
            qrpo_store.main()
        # Their modules import each other by the folder of their package.
        patch.syspath_prepend(str(package.parents[1]))
        for name in ("batch", "data", "ref_rewards"):
            patch.delitem(sys.modules, name, raising=False)
        patch.setitem(sys.modules, "ref_rewards", types.ModuleType("ref_rewards"))
        from data.dataset_adapter import dataset_batch_to_prompt_records
        from datasets import load_from_disk
        space = {"__name__": "store"}
        exec(compile(package.read_text(), str(package), "exec"), space)
        store = space["RefRewardStore"](tmp_path / "store")
        assert store.has_complete_version("v1")
        prompts = load_from_disk(str(tmp_path / "data"))
        store.check_complete_version_metadata(
            ref_version="v1", metadata={"prompt_count": len(prompts), "num_ref_completions": 6})
        records = dataset_batch_to_prompt_records(
            prompts, range(len(prompts)), dict(validate_records=True, ref_rewards_key=None))
        resolved = store.attach_ref_rewards(records, ref_version="v1")
    assert len(resolved) == len(prompts) > 8
    for record, row in zip(resolved, prompts):
        assert record.ref_rewards == tuple(row["ref_rewards"]) and len(record.ref_rewards) == 6
        assert record.offline_trajectories[0][0]["role"] == "assistant"
        # Two candidates and the draws.
        assert len(record.offline_trajectories) == len(record.offline_rewards) == 2 + 8
