"""The memory-mapped reference: numpy's values, other processes, damaged files."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import ogive
from conftest import KEYS
from ogive import reference
from ogive.reference import Reference


def batches(tables: dict[str, list[float]], size: int = 3) -> Iterator[pa.RecordBatch]:
    table = pa.table(
        {
            "prompt_key": pa.array(list(tables), pa.string()),
            "rewards": pa.array(list(tables.values()), pa.list_(pa.float64())),
        }
    )
    yield from table.to_batches(max_chunksize=size)


def made(path: Path | None, tables: dict[str, list[float]]) -> Reference:
    return reference.write(path, batches(tables), "made", None)


def many(count: int) -> dict[str, list[float]]:
    rng = np.random.default_rng(1)
    keys = KEYS + [f"key {n} é" for n in range(count)]
    # Few values, so that there are ties.
    return {k: np.sort(rng.integers(-4, 5, size=rng.integers(1, 40)) / 2).tolist() for k in keys}


def test_every_look_up_is_that_of_numpy(tmp_path: Path) -> None:
    tables = many(300)
    found = made(tmp_path / "r", tables)
    assert list(found) == list(tables) and len(found) == len(tables)
    for key, rewards in tables.items():
        assert found.table(key).tolist() == rewards
        array = np.array(rewards)
        for reward in (-3.0, *rewards[:3], 0.25, 5):
            below, upto = np.mean(array < reward), np.mean(array <= reward)
            assert found.quantile_reward(key, reward) == upto
            assert found.quantile_reward(key, reward, "left") == below
            assert found.quantile_reward(key, reward, "mid") == pytest.approx((below + upto) / 2)
            assert found.standard_error(key, reward) == np.sqrt(upto * (1 - upto) / len(rewards))
    assert not found.table("p0").flags.writeable


def test_only_a_file_that_somebody_named_is_named(tmp_path: Path) -> None:
    named = made(tmp_path / "r", {"a": [0.0]})
    unnamed = made(None, {"a": [0.0]})
    for found, place in (
        (named, f", as {tmp_path / 'r'} has it"),
        (unnamed, ""),
        (pickle.loads(pickle.dumps(unnamed)), ""),
    ):
        with pytest.raises(ogive.UnknownPrompt) as caught:
            found.quantile_reward("b", 1)
        assert str(caught.value) == f"no complete table of prompt 'b' in run 'made'{place}"


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    found = made(tmp_path / "r", {"a": [0.0, 1.0]})
    for key in ("b", "", "\ud800", "a\0"):
        assert key not in found
        with pytest.raises(KeyError, match="no complete table of prompt"):
            found.quantile_reward(key, 1)
    for reward in (float("nan"), float("inf"), -float("inf")):
        with pytest.raises(ogive.OgiveError, match="not finite"):
            found.quantile_reward("a", reward)
    for wrong, kind in ((None, "NoneType"), ("2.1", "str"), ([1], "list")):
        with pytest.raises(TypeError, match=f"of prompt 'a' is .*, a {kind}: give a number"):
            found.quantile_reward("a", wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="the rewards are texts: give numbers"):
        found.quantile_rewards(["a"], ["2.1"])
    with pytest.raises(TypeError, match="prompt keys are texts"):
        found.quantile_reward(b"a", 1)  # type: ignore[arg-type]
    assert found.quantile_reward("a", 10**400) == 1
    assert found.quantile_reward("a", np.float32(0.5)) == 0.5  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="choose right, left or mid"):
        found.quantile_reward("a", 1, "up")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="zip"):
        found.quantile_rewards(["a"], [1, 2])
    assert found.quantile_rewards(["a", "a"], [-1, 0]).tolist() == [0, 0.5]
    assert 7 not in found


def test_a_run_without_a_complete_table_gives_an_empty_one(tmp_path: Path) -> None:
    found = made(tmp_path / "r", {})
    assert len(found) == 0 and list(found) == [] and "a" not in found


def ask(found: Reference) -> tuple[int, float]:
    return os.getpid(), found.quantile_reward("p0", 0.0)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes_read_the_same_file(method: str) -> None:
    found = made(None, many(3))
    folder = Path(found.path).parent
    with multiprocessing.get_context(method).Pool(2) as pool:
        answers = pool.map(ask, [found] * 4)
    assert {q for _, q in answers} == {found.quantile_reward("p0", 0.0)}
    assert os.getpid() not in {pid for pid, _ in answers}
    assert folder.exists(), "a child that ends leaves the parent's file"
    assert pickle.loads(pickle.dumps(found)).path == found.path
    pickled = pickle.dumps(found)
    del found
    assert not folder.exists(), "a temporary file goes with its object"
    with pytest.raises(ogive.OgiveError, match="is not there: a temporary file goes"):
        pickle.loads(pickled)


def test_a_forked_child_that_exits_normally_leaves_the_file() -> None:
    found = made(None, {"a": [1.0]})
    child = os.fork()
    if child == 0:
        del found  # of a copy
        os._exit(0)
    os.waitpid(child, 0)
    assert found.quantile_reward("a", 1) == 1 and Path(found.path).exists()


@pytest.mark.parametrize("damage", ["cut", "longer", "magic", "version", "header", "empty"])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "r"
    made(path, many(10))
    whole = path.read_bytes()
    broken: dict[str, Any] = {
        "cut": whole[:-9],
        "longer": whole + b"\0" * 8,
        "magic": b"X" + whole[1:],
        "version": whole[:8] + b"\7" + whole[9:],
        "header": whole[:16] + b"[" + whole[17:],
        "empty": b"",
    }
    path.write_bytes(broken[damage])
    with pytest.raises(ogive.OgiveError, match="make it again"):
        Reference(path)


def test_a_file_that_could_not_be_made_leaves_nothing(tmp_path: Path) -> None:
    def failing() -> Iterator[pa.RecordBatch]:
        yield from batches({"a": [1.0]})
        raise ogive.OgiveError("lost")

    with pytest.raises(ogive.OgiveError, match="lost"):
        reference.write(tmp_path / "r", failing(), "made", None)
    assert list(tmp_path.iterdir()) == []


def test_it_agrees_with_sql(run: ogive.Run, db: ogive.Database, tmp_path: Path) -> None:
    found = run.reference()
    assert set(found) == set(run.tables()["prompt_key"].to_pylist())
    rng = np.random.default_rng(2)
    keys, rewards = [KEYS[i] for i in rng.integers(len(KEYS), size=300)], rng.normal(size=300)
    asked = run.quantile_rewards(keys, rewards)
    assert found.quantile_rewards(keys, rewards).tolist() == asked["quantile_reward"].to_pylist()
    pinned = db.run("made", snapshot="v1").reference(tmp_path / "v1.ogive")
    assert Reference(tmp_path / "v1.ogive").snapshot == pinned.snapshot == "v1"
    assert "v1" in repr(pinned) and pinned.run == "made"
    assert len(db.run("made").reference()) == len(pinned)


def test_an_unfinished_run_has_no_tables_to_look_into(db: ogive.Database, empty: str) -> None:
    assert len(db.run(empty).reference()) == 0
    asked = db.run(empty).quantile_rewards(["a"], [1.0]).to_pylist()
    assert asked == [
        {
            "prompt_key": "a",
            "reward": 1.0,
            "quantile_reward": None,
            "standard_error": None,
            "n": 0,
            "complete": False,
        }
    ]
