"""Files of `ogive export` in the trainers' own code.

    .venv-trainers/bin/python -m pytest deploy/trainers/fit

Needs a built `ogive` (OGIVE names another one than .build/debug/ogive) and what deploy/setup and
deploy/setup --trainers install. The quickstart's policy is sampled with few prompts, as chats and
as plain texts, and everything is read from files that the command `ogive export` wrote.
OGIVE_TRAINERS_CODE names a folder with checkouts of what is not packaged, or not for this Python:
`quantile-reward-policy-optimization`, `posttraining`, `posttraining-online` (its branch
online-qrpo-impl), `REBEL`, `A-PO`, `verl`, `OpenRLHF`. The page Export says at which commits they
were tried. What is not there is skipped, and the reason says which.
"""
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
os.environ.setdefault("HF_HUB_OFFLINE", "1")
ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "deploy/python/src"
sys.path[:0] = [str(ROOT / "deploy/trainers"), str(PACKAGE)]
DRAWS, PROMPTS = 8, 16


def patient(section):
    """Settings for a machine that does other work too: its servers start and answer late."""
    return [f"{section}.launch.startup_timeout=10m", f"{section}.request_timeout=1h"]


# What a command writes: one file, packed or not, Parquet, or a folder of shards of a snapshot.
FORMS = ("jsonl.gz", "jsonl", "parquet", "shards")
# Fails for some draws, so that prompts have different numbers of rewards; never for candidates.
UNRELIABLE = """import json, sys
for line in sys.stdin:
    item = json.loads(line)
    answer = {"id": item["id"], "reward": len(item["completion"]) / 7}
    if len(item["completion"]) % 5 == 0 and not item["completion"].startswith("The answer"):
        answer = {"id": item["id"], "error": "of a length that it does not score"}
    print(json.dumps(answer), flush=True)
"""


def given(settings):
    """Settings as options of the program."""
    return [word for setting in settings for word in ("-o", setting)]


def write_rows(path, rows):
    """Writes JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


class Exports:
    """Finished runs of the tiny policy, and the files that the command makes of them.

    `fit`: chats, rewards of the reward model. `right`: the same draws, rewards of 0 and 1.
    `failed`: the same draws, of which some have no reward. `plain`: prompts that were sampled as
    plain texts, by a graded verifier. Each prompt has two candidates.
    """

    def __init__(self, folder):
        self.folder = folder
        self.program = os.environ.get("OGIVE", str(ROOT / ".build/debug/ogive"))
        prompts = (ROOT / "config/quickstart/prompts.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in prompts[:PROMPTS]]
        for row in rows:
            row["chosen"] = f"The answer is {row['answer']}."
            row["rejected"] = f"The answer is {int(row['answer']) + 1}."
        write_rows(folder / "prompts.jsonl", rows)
        # What the policy's chat template makes of the same prompts.
        texts = [row | {"prompt": f"<|user|>{row['prompt']}<|end|><|assistant|>"} for row in rows]
        write_rows(folder / "texts.jsonl", texts)
        self.common = [f"database.embedded={folder}/database", f"policy.launch.directory={ROOT}",
                       f"run.draws={DRAWS}", "prompts.set=fit",
                       f"prompts.file={folder}/prompts.jsonl", *patient("policy")]
        config = str(ROOT / "config/quickstart.yaml")
        self.options = ["--config", config, *given(self.common)]
        with contextlib.ExitStack() as stack:
            self.run("fit", config, f"scorer.launch.directory={ROOT}", *patient("scorer"))
            # From here on the database stays open between two commands.
            keeper = subprocess.Popen(
                [self.program, "psql", *self.options, "--program", "cat"], stdin=subprocess.PIPE)
            stack.callback(keeper.wait)
            stack.callback(keeper.stdin.close)
            self.run("right", self.scored(
                "right", "{kind: verifier, verifier: {rule: final_number, field: answer}}"))
            self.run("plain", self.scored(
                "graded",
                "{kind: verifier, verifier: {rule: final_number, field: answer, graded: true}}"),
                "policy.api=completions", "prompts.set=texts",
                f"prompts.file={folder}/texts.jsonl")
            script = folder / "unreliable.py"
            script.write_text(UNRELIABLE)
            command = json.dumps([sys.executable, str(script)])
            # The exit code says that some have no reward.
            self.run("failed", self.scored(
                "failed", f"{{kind: command, model: unreliable, command: {command}}}"), codes=(1,))
            self.close = stack.pop_all().close

    def scored(self, name, scorer):
        """The quickstart's configuration with another scorer."""
        text = (ROOT / "config/quickstart.yaml").read_text()
        before, rest = text.split("scorer:", 1)
        after = rest.split("database:", 1)[1]
        path = self.folder / f"{name}.yaml"
        path.write_text(f"{before}scorer: {scorer}\n\ndatabase:{after}")
        return str(path)

    def run(self, name, config, *settings, codes=(0,)):
        """Makes a run and a snapshot of it."""
        self.ogive("run", config, *given([*self.common, *settings, f"run.name={name}"]),
                   codes=codes)
        self.ogive("snapshot", name, "v1", *self.options)

    def ogive(self, *arguments, codes=(0,)):
        """Runs the program; its output, or a failure that shows it."""
        # The Python package writes Parquet.
        package = {"OGIVE_PYTHON": sys.executable, "PYTHONPATH": str(PACKAGE),
                   "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([self.program, *arguments], text=True, capture_output=True,
                              env={**os.environ, **package})
        if done.returncode not in codes:
            pytest.fail(f"ogive {' '.join(arguments)}: exit code {done.returncode}\n"
                        f"{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def file(self, target, *options, run="fit", form="jsonl.gz"):
        """The file of a target, or the folder of its shards."""
        key = hashlib.sha256(repr(options).encode()).hexdigest()[:8]
        shards = form == "shards"
        path = self.folder / f"{run}-{target}-{key}{'' if shards else '.' + form}"
        if not path.exists():
            more = ["--snapshot", "v1", "--shard-rows", "5", "--gzip"] if shards else []
            self.ogive("export", run, "--for", target, "--output", str(path), *more, *options,
                       *self.options)
        return path

    def rows(self, target, *options, run="fit", form="jsonl.gz"):
        """What the command wrote as `datasets` reads it; JSON with the types of its schema."""
        import datasets
        path = self.file(target, *options, run=run, form=form)
        cache = str(self.folder / "cache")
        if form == "parquet":
            return datasets.load_dataset(
                "parquet", data_files=str(path), split="train", cache_dir=cache)
        schema = json.loads(Path(f"{path}.schema.json").read_text())
        features = datasets.Features.from_dict(schema["features"])
        if form == "shards":  # the folder alone: all that is in it are rows
            return datasets.load_dataset(
                str(path), split="train", cache_dir=cache, features=features)
        return datasets.load_dataset(
            "json", data_files=str(path), split="train", cache_dir=cache, features=features)


@pytest.fixture(scope="session")
def exports():
    """The runs; skipped where what samples them is not installed."""
    for path in [os.environ.get("OGIVE", ROOT / ".build/debug/ogive"), ROOT / ".venv/bin/python"]:
        if not os.access(path, os.X_OK):
            pytest.skip(f"{path} is not there: deploy/setup and deploy/test make it")
    # As root, PostgreSQL runs as another user, whom pytest's own folders shut out.
    with tempfile.TemporaryDirectory(prefix="ogive-fit-") as folder:
        Path(folder).chmod(0o755)
        made = Exports(Path(folder))
        yield made
        made.close()


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
