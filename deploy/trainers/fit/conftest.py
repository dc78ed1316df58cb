"""Files of `ogive export` in the trainers' own code.

    .venv-trainers/bin/python -m pytest deploy/trainers/fit

Needs a built `ogive` (OGIVE names another one than .build/debug/ogive) and what deploy/setup and
deploy/setup --trainers install. The quickstart's policy is sampled once, with few prompts.
OGIVE_TRAINERS_CODE names a folder with checkouts of what is not packaged, or not for this Python:
`quantile-reward-policy-optimization`, `posttraining`, `posttraining-online` (its branch
online-qrpo-impl), `REBEL`, `A-PO`, `verl`, `OpenRLHF`. The page Export says at which commits they
were tried. What is not there is skipped, and the reason says which.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
os.environ.setdefault("HF_HUB_OFFLINE", "1")
ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "deploy" / "trainers"))
DRAWS, PROMPTS = 8, 16


def given(settings):
    """Settings as options of the program."""
    return [word for setting in settings for word in ("-o", setting)]


class Exports:
    """A finished run of the tiny policy, and the files that are made of it."""

    def __init__(self, folder):
        self.folder = folder
        self.program = os.environ.get("OGIVE", str(ROOT / ".build/debug/ogive"))
        prompts = (ROOT / "config/quickstart/prompts.jsonl").read_text().splitlines()
        (folder / "prompts.jsonl").write_text("\n".join(prompts[:PROMPTS]) + "\n")
        common = [f"database.embedded={folder}/database", f"policy.launch.directory={ROOT}",
                  f"run.draws={DRAWS}", "run.candidates=[]", "prompts.set=fit",
                  f"prompts.file={folder}/prompts.jsonl"]
        config = str(ROOT / "config/quickstart.yaml")
        self.options = ["--config", config, *given(common)]
        self.ogive("run", config, *given(
            [*common, f"scorer.launch.directory={ROOT}", "run.name=fit"]))
        # The same completions with rewards of 0 and 1: whether the answer is right.
        text = (ROOT / "config/quickstart.yaml").read_text()
        before, rest = text.split("scorer:", 1)
        after = rest.split("database:", 1)[1]
        verifier = "scorer: {kind: verifier, verifier: {rule: final_number, field: answer}}\n\n"
        right = folder / "right.yaml"
        right.write_text(f"{before}{verifier}database:{after}")
        self.ogive("run", str(right), *given([*common, "run.name=right"]))

    def ogive(self, *arguments):
        """Runs the program; its output, or a failure that shows it."""
        done = subprocess.run([self.program, *arguments], text=True, capture_output=True)
        if done.returncode != 0:
            pytest.fail(f"ogive {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def file(self, target, *options, run="fit"):
        """The file of a target."""
        path = self.folder / f"{run}-{target}-{abs(hash(options))}.jsonl.gz"
        if not path.exists():
            self.ogive("export", run, "--for", target, "--output", str(path), *options,
                       *self.options)
        return path

    def rows(self, target, *options, run="fit"):
        """The file of a target as `datasets` reads it, with the types of its schema file."""
        import datasets
        path = self.file(target, *options, run=run)
        schema = json.loads(Path(f"{path}.schema.json").read_text())
        return datasets.load_dataset(
            "json", data_files=str(path), split="train", cache_dir=str(self.folder / "cache"),
            features=datasets.Features.from_dict(schema["features"]))


@pytest.fixture(scope="session")
def exports(tmp_path_factory):
    """The run; skipped where what samples it is not installed."""
    for path in [os.environ.get("OGIVE", ROOT / ".build/debug/ogive"), ROOT / ".venv/bin/python"]:
        if not os.access(path, os.X_OK):
            pytest.skip(f"{path} is not there: deploy/setup and deploy/test make it")
    return Exports(tmp_path_factory.mktemp("fit"))


@pytest.fixture(scope="session")
def policy(tmp_path_factory):
    """The policy that was sampled."""
    import copy
    from transformers import LlamaForCausalLM
    from gguf_policy import Policy
    policy = Policy(ROOT / "config/quickstart/policy.gguf")
    # Weights from a GGUF file count as quantised, which trainers refuse; these are float32.
    settings = copy.deepcopy(policy.model.config)
    if hasattr(settings, "quantization_config"):
        del settings.quantization_config
    model = LlamaForCausalLM(settings)
    model.load_state_dict(policy.model.state_dict())
    policy.model = model.eval()
    # Some trainers load the reference model by the name of the first one.
    folder = tmp_path_factory.mktemp("policy")
    model.save_pretrained(folder)
    model.config._name_or_path = model.name_or_path = str(folder)
    assert policy.tokenizer.pad_token != policy.tokenizer.eos_token
    return policy


@pytest.fixture(scope="session")
def code():
    """Finds a file of a repository that is not packaged."""
    def find(repository, path):
        folder = os.environ.get("OGIVE_TRAINERS_CODE")
        if folder is None:
            pytest.skip(f"OGIVE_TRAINERS_CODE names no folder with {repository}")
        file = Path(folder) / repository / path
        if not file.exists():
            pytest.skip(f"{file} is not there")
        return file
    return find
