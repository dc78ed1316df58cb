"""What `ogive export` writes, in each of its forms, as `datasets` and pandas load it."""
import json
from pathlib import Path

import pytest

datasets = pytest.importorskip("datasets", reason="run deploy/setup --trainers")
BEST = ("--strategy", "best-worst")
SIX = ("--ref-rewards", "6")
# Every target, with options that it needs here.
TARGETS = {
    "qrpo-claire": BEST, "qrpo-swiss": BEST, "qrpo-verl": (), "trl-dpo": BEST,
    "trl-reward": ("--strategy", "labels"), "trl-kto": (), "trl-sft": (), "trl-a2po": (),
    "rebel": SIX, "astar-po": SIX, "verl": (), "value": (), "raw": (),
}


@pytest.mark.parametrize("target", TARGETS)
def test_every_form_holds_the_same_rows(exports, target):
    wanted = exports.rows(target, *TARGETS[target])
    assert len(wanted) >= 8
    for form in ("jsonl", "parquet", "shards"):
        found = exports.rows(target, *TARGETS[target], form=form)
        assert found.column_names == wanted.column_names, form
        # Floats are equal to the last bit.
        assert found.to_list() == wanted.to_list(), form
        # Parquet has its own types: they are those of the schema file.
        assert str(found.features) == str(wanted.features), form


@pytest.mark.parametrize("run", ["right", "plain"])
@pytest.mark.parametrize("target", ["qrpo-claire", "trl-dpo", "trl-kto", "raw"])
def test_texts_and_whole_rewards_keep_their_types(exports, target, run):
    wanted = exports.rows(target, *TARGETS[target], run=run)
    found = exports.rows(target, *TARGETS[target], run=run, form="parquet")
    assert found.to_list() == wanted.to_list() and len(found) > 1
    assert str(found.features) == str(wanted.features)
    floats = [name for name in found.column_names if name.endswith(("reward", "rewards"))]
    assert all("float64" in str(found.features[name]) for name in floats)
    if "prompt" in found.column_names:
        assert isinstance(found[0]["prompt"], str if run == "plain" else list)


def test_a_folder_of_shards_holds_nothing_but_rows(exports):
    folder = exports.file("raw", form="shards")
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) > 5 and all(name.startswith("part-") for name in names)
    manifest = json.loads(Path(f"{folder}.manifest.json").read_text())
    assert manifest["finished"] and [file["file"] for file in manifest["files"]] == names
    rows = exports.rows("raw", form="shards")
    assert manifest["rows"] == len(rows) == 16 * (8 + 2)
    assert [row for row in rows["label"] if row] == ["chosen", "rejected"] * 16


def test_prompts_with_failed_draws_are_refused_or_cut(exports):
    from_all = ("--strategy", "best-worst", "--k", "8")
    for target in ("qrpo-claire", "qrpo-swiss", "qrpo-verl", "rebel", "astar-po"):
        options = from_all if target in ("qrpo-claire", "qrpo-swiss") else ()
        said = exports.ogive(
            "export", "failed", "--for", target, *options, *exports.options, codes=(1,))
        assert "--ref-rewards" in said and "rewards" in said, said
    rows = exports.rows("qrpo-swiss", *from_all, *SIX, run="failed")
    assert len(rows) > 4 and {len(row) for row in rows["ref_rewards"]} == {6}
    # `raw` has what has a reward.
    raw = exports.rows("raw", run="failed")
    draws = [row for row in raw if row["item_kind"] == "draw"]
    assert len(draws) < 16 * 8 and all(len(row["completion"]) % 5 for row in draws)
    assert len({row["n"] for row in draws}) > 1


LATE = 1_500


@pytest.fixture(scope="module")
def large(exports):
    """A run of more than 10 MB: whole rewards and no labels in the first 9 of 10 prompts."""
    folder = exports.folder
    with open(folder / "large.jsonl", "w") as file:
        for number in range(LATE):
            is_late = number >= LATE * 9 // 10
            # A wrong answer has a share of the reward; one that is far off has none.
            answers = [100, 100000, 100, 90 if is_late else 100]
            row = {"key": f"p{number:05}", "prompt": f"{number}: {'question ' * 60}",
                   "answer": "100", "completions": [f"{'word ' * 300}{n}" for n in answers]}
            if is_late:
                row |= {"chosen": "It is 100", "rejected": "It is 75"}
            file.write(json.dumps(row) + "\n")
    exports.ogive("adopt", str(folder / "large.jsonl"), "--run", "large", "--model", "theirs",
                  "--uneven", "failures", *exports.options, codes=(0, 1))
    scorer = str(folder / "graded.yaml")
    exports.ogive("rescore", "large", "--scorer", scorer, "--name", "graded", "--candidates",
                  "--no-preflight", *exports.options)
    exports.ogive("snapshot", "graded", "v1", *exports.options)
    return exports


@pytest.mark.parametrize("form", ["jsonl", "parquet", "shards"])
def test_late_labels_and_fractions_load_from_more_than_10_mb(large, form):
    # datasets takes types from the first 10 MB, where every label is null and every reward whole.
    options = ("--shard-rows", "2000") if form == "shards" else ()
    path = large.file("raw", *options, run="graded", form=form)
    files = sorted(path.iterdir()) if form == "shards" else [path]
    if form == "jsonl":
        head = path.read_bytes()[:10 << 20].decode()
        assert len(head) == 10 << 20 < path.stat().st_size
        assert '"label":"' not in head.replace(" ", "") and "0.9" not in head
    assert len(files) > (3 if form == "shards" else 0)
    rows = large.rows("raw", *options, run="graded", form=form)
    late = LATE // 10
    assert len(rows) == LATE * 4 + late * 2
    assert {label: rows["label"].count(label) for label in ("chosen", "rejected")} == {
        "chosen": late, "rejected": late}
    assert rows["reward"].count(0.9) == late and rows["reward"].count(0.75) == late
    assert str(rows.features["reward"]) == "Value('float64')"


def test_pairs_of_all_draws_have_float_rewards(large):
    rows = large.rows("trl-reward", "--strategy", "best-worst", run="graded", form="parquet")
    assert len(rows) == LATE and set(rows["margin"]) == {1.0}
