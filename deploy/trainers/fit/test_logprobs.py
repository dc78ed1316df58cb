"""Stored log-probabilities beside a forward pass of transformers: `ogive check-logprobs`."""
import json
import sys

import pytest
import torch
from tokenizers.processors import TemplateProcessing

pytest.importorskip("transformers", reason="run deploy/setup --trainers")


@pytest.fixture(scope="module")
def folder(policy, tmp_path_factory):
    """The policy as transformers saves one; as servers do, its tokeniser puts BOS before a text."""
    path = tmp_path_factory.mktemp("model")
    policy.model.save_pretrained(path)
    policy.tokenizer.save_pretrained(path)
    from transformers import AutoTokenizer
    saved = AutoTokenizer.from_pretrained(path)
    saved.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{saved.bos_token} $A", special_tokens=[(saved.bos_token, saved.bos_token_id)])
    saved.save_pretrained(path)
    return path


def checked(exports, run, folder, *options, code=0):
    """What the command says."""
    said = exports.ogive("check-logprobs", run, "--transformers", str(folder), "--draws", "32",
                         *options, "--json", *exports.options, codes=(code,))
    return json.loads(next(line for line in said.splitlines() if line.startswith("{")))


@pytest.mark.parametrize("run", ["fit", "plain"])
def test_stored_values_are_those_of_a_forward_pass(exports, folder, run):
    found = checked(exports, run, folder, "--list", "32")
    print(f"{run}: {found['compared']} draws, {found['other_token_counts']} of other tokens, "
          f"at most {found['largest_difference']:.1e} nats a token apart")
    assert found["agrees"] and found["beyond"] == 0
    assert found["compared"] > 10 and len({row["prompt"] for row in found["draws"]}) > 5
    assert found["compared"] + found["other_token_counts"] <= 32
    # Both compute in float32, in another order.
    assert found["largest_difference"] < 1e-3
    for row in found["draws"]:
        assert row["stored"] < 0 and row["token_count"] > 1


def test_other_weights_do_not_agree(exports, policy, folder, tmp_path):
    from transformers import AutoTokenizer, LlamaForCausalLM
    other = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        other.model.norm.weight.mul_(1.2)
    other.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path)
    found = checked(exports, "fit", tmp_path, code=1)
    assert not found["agrees"] and found["beyond"] > 0 and found["largest_difference"] > 0.02
    assert checked(exports, "fit", tmp_path, "--tolerance", "5")["agrees"]


def test_another_rendering_does_not_agree(exports, policy, folder, tmp_path):
    from transformers import AutoTokenizer
    policy.model.save_pretrained(tmp_path)
    other = AutoTokenizer.from_pretrained(folder)
    # Without BOS, as a tokeniser of a GGUF file reads plain texts.
    other.backend_tokenizer.post_processor = TemplateProcessing(single="$A", special_tokens=[])
    other.chat_template = other.chat_template.replace("{{ bos_token }}", "")
    other.save_pretrained(tmp_path)
    for run in ("fit", "plain"):
        assert checked(exports, run, tmp_path, code=1)["beyond"] > 0


def test_what_cannot_be_compared_is_an_error(exports, folder, tmp_path):
    for words, message in [
        (("nope", str(folder)), "no run named 'nope'"),
        (("fit", str(folder), "--end-token", "no such token"), "and not one"),
        (("fit", str(tmp_path)), "ogive.transformers: "),
        (("fit", str(folder), "--draws", "0"), "draws must be at least 1"),
    ]:
        run, model, *options = words
        said = exports.ogive(
            "psql", *exports.options, "--program", sys.executable, "--", "-B", "-m",
            "ogive.transformers", *options, "--", run, model, codes=(2,))
        assert message in said, said
