"""Rows of runs: their values, types and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ogive
from conftest import BINARY, HOSTILE, KEYS
from ogive import _rows, schemas


def share(rewards: Any, reward: float) -> float:
    return float(np.mean(np.asarray(rewards) <= reward))


def test_a_table_has_the_sorted_rewards_of_its_draws(run: ogive.Run) -> None:
    tables, draws = run.tables().to_pylist(), run.completions().to_pylist()
    assert {t["prompt_key"] for t in tables} > set(KEYS)
    for table in tables:
        own = [d for d in draws if d["prompt_id"] == table["prompt_id"]]
        assert table["draw_rewards"] == [d["reward"] for d in own]
        assert table["rewards"] == sorted(table["draw_rewards"])
        assert table["draw_indexes"] == list(range(8)) == [d["draw_index"] for d in own]
        assert table["complete"] and table["n"] == table["draws"] == 8
        assert not table["degenerate"]


def test_training_rows_have_the_numbers_that_numpy_computes(run: ogive.Run) -> None:
    beta = 0.25
    log_z = np.log(beta * np.expm1(1 / beta))
    tables = {t["prompt_id"]: t["rewards"] for t in run.tables().to_pylist()}
    rows = run.training_rows(beta).to_pylist()
    assert {row["item_kind"] for row in rows} == {"draw", "candidate"}
    assert sum(row["item_kind"] == "draw" for row in rows) == 24 * 8
    for row in rows:
        q = share(tables[row["prompt_id"]], row["reward"])
        assert row["quantile_reward"] == q
        assert row["standard_error"] == pytest.approx(np.sqrt(q * (1 - q) / 8), abs=1e-15)
        assert row["target"] == pytest.approx(q - beta * log_z, abs=1e-12)


def test_pairs_are_the_best_and_the_worst_of_the_first_draws(run: ogive.Run) -> None:
    tables = {t["prompt_id"]: t for t in run.tables().to_pylist()}
    pairs = run.pairs("best-worst", k=4).to_pylist()
    assert len(pairs) == 24
    for pair in pairs:
        first = tables[pair["prompt_id"]]["draw_rewards"][:4]
        assert (pair["chosen_index"], pair["rejected_index"]) == (
            np.argmax(first),
            np.argmin(first),
        )
        assert pair["reward_gap"] == max(first) - min(first)


def test_features_and_values_are_those_of_numpy(run: ogive.Run) -> None:
    tables = {t["prompt_id"]: np.array(t["rewards"]) for t in run.tables().to_pylist()}
    for row in run.prompt_features().to_pylist():
        assert row["mean"] == pytest.approx(tables[row["prompt_id"]].mean())
        assert row["spread"] == pytest.approx(tables[row["prompt_id"]].std(ddof=1))
    for row in run.value_rows(beta=0.5).to_pylist():
        rewards = tables[row["prompt_id"]]
        assert row["soft_value"] == pytest.approx(0.5 * np.log(np.mean(np.exp(rewards / 0.5))))


def test_quantile_rewards_keep_the_order_of_what_is_asked(run: ogive.Run) -> None:
    tables = {t["prompt_key"]: t["rewards"] for t in run.tables().to_pylist()}
    rng = np.random.default_rng(3)
    keys = [KEYS[i] for i in rng.integers(len(KEYS), size=200)]
    rewards = rng.normal(size=200)
    found = run.quantile_rewards(keys, rewards)
    assert found["prompt_key"].to_pylist() == keys
    assert found["quantile_reward"].to_pylist() == [
        share(tables[k], r) for k, r in zip(keys, rewards, strict=True)
    ]
    assert len(run.quantile_rewards([], [])) == 0


def test_quantile_rewards_refuse_what_has_no_answer(run: ogive.Run) -> None:
    with pytest.raises(ogive.UnknownPrompt, match="no prompt 'nobody'"):
        run.quantile_rewards(["p0", "nobody"], [1, 2])
    with pytest.raises(ogive.OgiveError, match="reward of prompt 'p0' is nan"):
        run.quantile_rewards(["p0"], [float("nan")])
    with pytest.raises(ValueError, match="1 prompt keys and 2"):
        run.quantile_rewards(["p0"], [1, 2])


@pytest.mark.parametrize("kind", schemas.KINDS)
@pytest.mark.parametrize("name", ["made", "chats", BINARY, "empty"])
def test_every_kind_has_its_declared_schema(
    db: ogive.Database, empty: str, kind: str, name: str
) -> None:
    run = db.run(empty if name == "empty" else name)
    options = {"beta": 0.1} if kind in ("training_rows", "value_rows") else {}
    table = getattr(run, kind)(**options)
    assert table.schema.equals(schemas.KINDS[kind].schema)
    assert pa.table(table).schema.equals(table.schema)
    assert [f.type for f in table.schema if pa.types.is_floating(f.type)].count(
        pa.float64()
    ) == sum(pa.types.is_floating(f.type) for f in table.schema)
    if name == "empty":
        # Its candidates are there, without rewards.
        count = 2 if kind == "candidates" else 0
        assert len(table) == table.to_dataset().num_rows == len(table.to_pandas()) == count


def test_a_snapshot_gives_what_the_run_had(db: ogive.Database, run: ogive.Run) -> None:
    pinned = db.run("made", snapshot="v1")
    for kind in ("tables", "pairs", "completions", "value_rows", "prompt_features"):
        assert getattr(pinned, kind)().to_arrow().equals(getattr(run, kind)().to_arrow()), kind
    assert pinned.training_rows(0.1).to_arrow().equals(run.training_rows(0.1).to_arrow())
    now = [c for c in run.candidates().to_pylist() if c["reward"] is not None]
    assert pinned.candidates().to_pylist() == now
    keys, rewards = ["p0"] * 3, [-1.0, 0.0, 1.0]
    assert (
        pinned.quantile_rewards(keys, rewards)
        .to_arrow()
        .equals(run.quantile_rewards(keys, rewards).to_arrow())
    )
    with pytest.raises(ogive.OgiveError, match="counts failures"):
        pinned.failures()
    assert pinned.manifest["counts"]["draws"] == 24 * 8
    with pytest.raises(ogive.OgiveError, match="make_snapshot"):
        _ = run.manifest


def test_failures_say_why(run: ogive.Run) -> None:
    failures = run.failures().to_pylist()
    assert {f["prompt_key"] for f in failures} == {KEYS[3], "p10", "p17"}
    assert all(f["item_kind"] == "candidate" and f["message"] for f in failures)
    lacking = [c for c in run.candidates().to_pylist() if c["reward"] is None]
    assert len(lacking) == 3 and all(c["quantile_reward"] is None for c in lacking)


def test_hostile_texts_come_as_they_are(run: ogive.Run) -> None:
    rows = run.training_rows(0.1, source="draws")
    prompts = {json.loads(text)["text"] for text in rows["prompt"].to_pylist()}
    assert prompts == {f"{number} {HOSTILE}" for number in range(24)}
    assert set(rows.to_dataset()["prompt"]) == prompts


def test_a_chat_is_a_list_of_messages_in_a_dataset(db: ogive.Database) -> None:
    row = db.run("chats").pairs("first-two").to_dataset()[0]
    assert row["prompt"] == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "0?"},
    ]
    assert [m["role"] for m in row["chosen"]] == ["assistant"]
    completion = db.run("chats").training_rows(0.1).to_dataset()[0]["completion"]
    assert completion[0]["content"].startswith("synthetic reward=")


def test_chats_and_texts_are_not_mixed() -> None:
    from ogive.table import conversational

    rows = pa.table({"prompt": ['{"text": "a"}', '{"messages": []}']})
    with pytest.raises(ogive.OgiveError, match="1 prompts are chats and 1 plain texts"):
        conversational(rows)


def test_tools_become_a_column() -> None:
    from ogive.table import conversational

    chat = {"messages": [{"role": "user", "content": "a"}], "tools": '[{"x": 1}]'}
    table = conversational(pa.table({"prompt": [json.dumps(chat)] * 2, "completion": ["b", None]}))
    assert table["tools"].to_pylist() == ['[{"x": 1}]'] * 2
    assert table["completion"].to_pylist()[0] == [{"role": "assistant", "content": "b"}]


def test_rewards_of_zero_and_one_make_ties(db: ogive.Database) -> None:
    run = db.run(BINARY)
    tables = {t["prompt_id"]: t for t in run.tables().to_pylist()}
    assert {r for t in tables.values() for r in t["rewards"]} == {0.0, 1.0}
    for ties, compare in (("right", np.less_equal), ("left", np.less)):
        for row in run.training_rows(0.1, ties=ties).to_pylist():  # type: ignore[arg-type]
            rewards = np.array(tables[row["prompt_id"]]["rewards"])
            assert row["quantile_reward"] == np.mean(compare(rewards, row["reward"]))


def test_estimators_of_draws_are_those_of_sql(run: ogive.Run) -> None:
    tables = {t["prompt_id"]: t for t in run.tables().to_pylist()}
    rows = run.training_rows(0.1, source="draws", own="excluded").to_pylist()
    for row in rows:
        rewards = np.array(tables[row["prompt_id"]]["rewards"])
        others = (np.sum(rewards <= row["reward"]) - 1) / (len(rewards) - 1)
        assert row["quantile_reward"] == pytest.approx(others, abs=1e-12)
        assert row["effective_beta"] == 0.1
        assert row["beta_log_partition"] == pytest.approx(0.1 * row["log_z"])
    seeds = [run.training_rows(0.1, ties="random", tie_seed=seed) for seed in (1, 1, 2)]
    first, again, other = (rows["quantile_reward"].to_pylist() for rows in seeds)
    assert first == again != other
    for row in run.training_rows(
        0.1, source="draws", length_normalized=True, effective_beta_max=0.01
    ).to_pylist():
        assert row["effective_beta"] == pytest.approx(min(0.1 / row["token_count"], 0.01))


def test_what_is_not_there_is_named(db: ogive.Database, made: Any) -> None:
    with pytest.raises(ogive.OgiveError, match=r"no run named 'no''pe'.*Runs: .*made"):
        db.run("no'pe")
    with pytest.raises(ogive.OgiveError, match=r"no snapshot named 'v9'.*Snapshots: v1"):
        db.run("made", snapshot="v9")
    # The server's message and hint alone, also where it comes while rows are read.
    with pytest.raises(ogive.OgiveError, match=r"^there is no run named 'gone'\. Runs: [^\n]*$"):
        ogive.Run(db, "gone").training_rows(0.1)
    with pytest.raises(ogive.OgiveError, match="no run named 'gone'"):
        ogive.Run(db, "gone").tables()
    with pytest.raises(ogive.OgiveError, match="no schema of Ogive"):
        ogive.connect(made.url.replace("/ogive?", "/postgres?")).runs()
    for bad in ("a\0b", "\ud800"):
        with pytest.raises(ogive.OgiveError):
            db.run(bad)
        with pytest.raises(ogive.OgiveError):
            ogive.Run(db, bad).tables()


def test_what_means_nothing_is_refused(run: ogive.Run) -> None:
    with pytest.raises(ogive.OgiveError, match="transform"):
        run.training_rows(0.1, "colour")  # type: ignore[arg-type]
    with pytest.raises(ogive.OgiveError, match="beta"):
        run.training_rows(-1)
    with pytest.raises(ogive.OgiveError, match="strategy"):
        run.pairs("colour")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="no option 'colour'"):
        run.to_dataset("pairs", colour=1)
    with pytest.raises(TypeError, match="needs beta"):
        run.to_dataset()
    with pytest.raises(ValueError, match="choose tables"):
        run.to_dataset("x")  # type: ignore[arg-type]


def test_conversions_keep_every_value(run: ogive.Run, tmp_path: Path) -> None:
    import polars as pl

    rows = run.training_rows(0.1)
    wanted = rows.to_arrow()
    frame = rows.to_pandas()
    assert pa.Table.from_pandas(frame, preserve_index=False).cast(wanted.schema).equals(wanted)
    assert str(frame["token_count"].dtype) == "int32[pyarrow]"
    assert rows.to_polars().equals(pl.DataFrame(rows))
    assert pq.read_table(rows.to_parquet(tmp_path / "a.parquet")).equals(wanted)
    assert pq.read_table(run.to_parquet(tmp_path / "b.parquet", beta=0.1)).equals(wanted)
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["a.parquet", "b.parquet"]
    with pytest.raises(KeyError, match="no column 'x'"):
        _ = rows["x"]


def test_rows_come_in_pages_of_prompts(
    db: ogive.Database, run: ogive.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = db.run("made", snapshot="v1")
    kinds = [(kind, {"beta": 0.1} if kind == "training_rows" else {}) for kind in schemas.KINDS]
    whole = {kind: _rows.read(run, kind, **options) for kind, options in kinds}
    spread = run.training_rows(0.1, "scaled-normal-icdf").to_arrow()
    monkeypatch.setattr(_rows, "_PAGE", 5)
    for kind, options in kinds:
        assert _rows.read(run, kind, **options).to_arrow().equals(whole[kind].to_arrow()), kind
        if kind not in ("failures", "candidates"):
            found = _rows.read(pinned, kind, **options)
            assert found.to_arrow().equals(whole[kind].to_arrow()), kind
    assert run.training_rows(0.1, "scaled-normal-icdf").to_arrow().equals(spread)


def test_a_file_is_whole_or_absent(run: ogive.Run, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("before")
    with pytest.raises(ogive.OgiveError):
        run.to_parquet(tmp_path / "a.parquet", beta=-1.0)
    assert (tmp_path / "a.parquet").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]
    with pytest.raises(FileNotFoundError):
        run.to_parquet(tmp_path / "nowhere" / "a.parquet", beta=0.1)
