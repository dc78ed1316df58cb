"""Checks of deploy/trainers against a database with a run; run by TrainersTests.

    python trainer_checks.py reading URL RUN             (or pages)
    python trainer_checks.py exports URL RUN RAW CLAIRE  files of `ogive export --for …`
    python trainer_checks.py training URL RUN FOLDER     of the quickstart's policy, tokens stored
"""

import contextlib
import io
import json
import math
import struct
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy" / "trainers"), str(ROOT / "deploy" / "python" / "src")]
BETA = 0.1
def exact(value):
    """A value such that equal ones are equal to the last bit; documents as canonical text."""
    if isinstance(value, str) and value.startswith("{"):
        value = json.loads(value)
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    if value is None or isinstance(value, float) and math.isnan(value):
        return None
    # pandas makes an integer column with NULLs one of doubles: the value is the same.
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return struct.pack("<d", value) if number else value


def same(name, rows, wanted):
    """Every row equal in every column."""
    assert len(rows) == len(wanted), f"{name}: {len(rows)} rows, not {len(wanted)}"
    for row, other in zip(rows, wanted):
        left, right = [exact(value) for value in row], [exact(value) for value in other]
        assert left == right, f"{name}: {row} is not {other}"


def reading(url, run):
    """The package's rows in every form have the values of psycopg's, column by column."""
    import ogive
    import pandas
    import psycopg
    import pyarrow.parquet
    found = ogive.connect(url).run(run)
    table = found.training_rows(BETA)
    columns = table.column_names
    with psycopg.connect(url) as connection:
        wanted = connection.execute(
            f"SELECT {', '.join(columns)} FROM ogive.training_rows(%s, %s) "
            "ORDER BY prompt_id, item_kind DESC, item_index", [run, BETA]).fetchall()
    assert {row[3] for row in wanted} == {"draw", "candidate"} and len(wanted) > 100
    same("Arrow", list(zip(*(table[name].to_pylist() for name in columns))), wanted)
    frame = table.to_pandas()
    same("pandas", [[None if value is pandas.NA else value for value in row]
                    for row in frame.astype(object).values.tolist()], wanted)
    # Of these prompts, which are plain texts, a dataset has the text.
    texts = [(*row[:2], row[2]["text"], *row[3:]) for row in wanted]
    same("datasets", [[row[name] for name in columns] for row in table.to_dataset()], texts)
    with tempfile.TemporaryDirectory() as folder:
        again = pyarrow.parquet.read_table(
            found.to_parquet(f"{folder}/rows.parquet", beta=BETA))
        assert again.equals(table.to_arrow()) and again.schema.equals(table.schema)


def exports(url, run, raw, claire):
    """Exported files load with the right types and the values of SQL; Parquet keeps both."""
    import datasets
    import psycopg
    from psycopg.rows import dict_row
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        rows = datasets.load_dataset("json", data_files=raw, split="train", cache_dir=folder)
        rows.to_parquet(f"{folder}/raw.parquet")
        again = datasets.Dataset.from_parquet(f"{folder}/raw.parquet", cache_dir=folder)
        pairs = datasets.load_dataset("json", data_files=claire, split="train", cache_dir=folder)
        types = {name: str(feature.dtype) for name, feature in rows.features.items()
                 if hasattr(feature, "dtype")}
        rows, again, pairs = list(rows), list(again), list(pairs)
    for name, wanted in {"reward": "float64", "quantile_reward": "float64", "target": "float64",
                         "item_index": "int64", "complete": "bool", "completion": "string"}.items():
        assert types[name] == wanted, f"{name}: {types[name]}"
    assert rows == again, "Parquet"
    with psycopg.connect(url, row_factory=dict_row) as connection:
        wanted = connection.execute(
            "SELECT * FROM ogive.training_rows(%s, %s)", [run, BETA]).fetchall()
        tables = connection.execute(
            "SELECT * FROM ogive.preference_pairs(%s)", [run]).fetchall()
    names = ["prompt_key", "item_kind", "item_index", "label", "completion", "truncated", "reward",
             "quantile_reward", "standard_error", "n", "ref_log_probability", "log_z", "target"]
    assert len(rows) > 100
    same("export", *(sorted(([row[name] for name in names] for row in source), key=str)
                     for source in (rows, wanted)))
    # Their trainer's quantile rewards, from the file.
    theirs = sorted((row["chosen_rewards"], sum(
        reward <= row["chosen_rewards"] for reward in row["ref_rewards"]) / len(row["ref_rewards"]))
        for row in pairs)
    assert len(theirs) > 10
    assert theirs == sorted((row["chosen_reward"], row["chosen_quantile_reward"]) for row in tables)


def key(row):
    return row["prompt_id"], row["item_kind"], row["item_index"]


def pages(url, run):
    """The dataset: complete, once each over ranks and workers, repeatable, restartable."""
    import ogive
    from ogive.torch import TrainingRows
    from torch.utils.data import DataLoader
    found = ogive.connect(url).run(run)

    def made(**changes):
        return TrainingRows(found, BETA, **{"page_prompts": 5, "seed": 3, **changes})

    rows = made()
    first, second = [key(row) for row in rows], [key(row) for row in rows]
    assert len(first) == len(set(first)) and set(first) == set(second), "an epoch is complete"
    assert first != second, "each epoch has its order"
    assert first == [key(row) for row in made()], "the same seed gives the same order"
    assert first != [key(row) for row in made(seed=4)], "another seed, another order"
    shared = [key(row) for rank in range(3) for row in DataLoader(
        made(rank=rank, world=3, workers=2, uneven="keep"), batch_size=None, num_workers=2)]
    assert len(shared) == len(first) and set(shared) == set(first), "each row once over the ranks"
    for place in (1, len(first) // 2, len(first)):
        rows = made()
        source = iter(rows)
        for _ in range(place):
            next(source)
        state = json.loads(json.dumps(rows.state_dict()))
        again = made()
        again.load_state_dict(state)
        assert [key(row) for row in again] == first[place:], f"restarted after {place}"
        assert [key(row) for row in again] == second, "and then the next epoch"
    refused(lambda: made(seed=4).load_state_dict(state), "another order")
    refused(lambda: made(colour=1), "no option 'colour'")
    refused(lambda: ogive.connect(url).run("nothing"), "no run named")


def refused(action, words):
    try:
        action()
    except Exception as error:  # whatever kind: what it says counts
        assert words in str(error), f"{words!r} is not in: {error}"
    else:
        raise AssertionError(f"not refused: {words}")


def training(url, run, folder):
    """The trainer: its policy is the server's, its loss is theirs, and it resumes exactly."""
    import torch
    import ogive
    from gguf_policy import Policy
    from ogive.torch import TrainingRows
    from qrpo import Settings, Training
    torch.set_num_threads(1)
    path = ROOT / "config" / "quickstart" / "policy.gguf"
    policy = Policy(path)
    rows = list(TrainingRows(ogive.connect(url).run(run), BETA, tokens=True, source="draws",
                             partition_function="simplified"))
    taught = Training(policy, Settings())
    found = sorted(taught.disagreement(rows))
    # One token may differ by 0.03 (LogProbabilities.md); of a list that lacks a token any amount.
    assert found[int(len(found) * 0.98)] < 0.01, f"differs by {found[-5:]} nats a token"
    assert found[len(found) // 2] < 1e-3
    check_batches(policy, taught, rows[:40])
    check_loss(url, run, taught, rows[:64])
    check_file(policy, path, folder)
    check_resume(url, run, path, folder)


def check_batches(policy, taught, rows):
    """Rows of unequal length in one batch have the log-probabilities of each alone."""
    import torch
    pairs = taught.pairs(rows)
    with torch.no_grad():
        together = policy.log_probabilities(pairs)
        alone = torch.cat([policy.log_probabilities([pair]) for pair in pairs])
    assert (together - alone).abs().max() < 1e-4


def check_loss(url, run, taught, rows):
    """The loss of a batch equals that of their trainer, from raw rewards."""
    import psycopg
    import torch
    from qrpo import qrpo_loss
    with psycopg.connect(url) as connection:
        tables = dict(connection.execute(
            "SELECT prompt_id, draw_rewards FROM ogive.quantile_tables WHERE run = %s", [run]))
    references, targets = taught.numbers(rows)
    found = references + torch.linspace(-2, 2, len(rows))
    loss, _ = qrpo_loss(found, references, targets, BETA)
    # As CLAIRE's src/qrpo/trainers/qrpo.py, transform `identity`, loss `mse`.
    beta = torch.tensor(BETA)
    ref_rewards = torch.tensor([tables[row["prompt_id"]] for row in rows])
    rewards = torch.tensor([row["reward"] for row in rows])
    percentile = (ref_rewards <= rewards.unsqueeze(dim=-1)).float().mean(dim=1)
    calibrated = percentile - beta * (torch.log(beta) + 1 / beta)
    theirs = ((calibrated - beta * (found - references)) ** 2).mean()
    assert abs(loss - theirs) < 1e-6, f"{loss} is not {theirs}"


def check_file(policy, path, folder):
    """What was not trained is written as it was read, and under another name."""
    import gguf
    copy = Path(folder) / "copy.gguf"
    policy.save(copy, "another")
    before, after = gguf.GGUFReader(path), gguf.GGUFReader(copy)
    weights = [{tensor.name: (tensor.tensor_type, tensor.shape.tolist(), tensor.data.tobytes())
                for tensor in reader.tensors} for reader in (before, after)]
    assert weights[0] == weights[1]
    values = [{name: field.contents() for name, field in reader.fields.items()
               if not name.startswith("GGUF.")} for reader in (before, after)]
    assert values[1].pop("general.name") == "another" and values[0].pop("general.name")
    assert values[0] == values[1]


def outcome(arguments):
    """Exit status of the trainer, its JSON lines and its errors."""
    import train_qrpo
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        status = train_qrpo.main([*arguments, "--json", "--threads", "1"])
    lines = [json.loads(line) for line in output.getvalue().splitlines()]
    return status, lines, errors.getvalue()


def check_resume(url, run, path, folder):
    """A training that was stopped within a page ends with the weights of one that was not."""
    common = ["--database", url, "--run", run, "--policy", str(path), "--epochs", "2",
              "--batch-size", "30", "--page-prompts", "5"]
    straight, broken = Path(folder) / "straight.gguf", Path(folder) / "broken.gguf"
    status, lines, errors = outcome([*common, "--output", str(straight)])
    assert status == 0, errors
    for step in ("2", "5"):
        status, _, errors = outcome([*common, "--output", str(broken), "--stop-after", step])
        assert status == 0 and not broken.exists(), errors
    status, resumed, errors = outcome([*common, "--output", str(broken), "--name", "straight"])
    assert status == 0 and {"resumed": 5} in resumed, errors
    assert resumed[-1]["weights"] == lines[-1]["weights"], "the same weights"
    assert straight.read_bytes() == broken.read_bytes(), "and the same file"
    status, _, errors = outcome([*common, "--output", str(broken), "--beta", "0.2"])
    assert status == 1 and "another beta" in errors, errors
    new = ["--output", str(Path(folder) / "new.gguf")]
    status, _, errors = outcome([*common, *new, "--api", "completions"])
    assert status == 1 and "is not what the run sampled" in errors and "--api" in errors, errors
    status, _, errors = outcome([*common, *new, "--run", "nothing"])
    assert status == 1 and "no run named" in errors, errors
    assert not (Path(folder) / "new.gguf").exists()


def main():
    what, *arguments = sys.argv[1:]
    {"reading": reading, "pages": pages, "exports": exports, "training": training}[what](*arguments)
    print("sound")


if __name__ == "__main__":
    main()
