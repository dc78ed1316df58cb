"""The datasets of torch: complete, repeatable, restartable, equal for every rank."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import warnings
from pathlib import Path
from typing import Any

import pytest

import ogive

torch = pytest.importorskip("torch", reason="PyTorch is not there: pip install 'ogive[torch]'")

from torch.utils.data import DataLoader  # noqa: E402

from ogive.torch import PreferencePairs, TrainingRows, collate  # noqa: E402


def key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["prompt_key"], row["item_kind"], row["item_index"]


def keys(rows: Any) -> list[tuple[Any, ...]]:
    return [key(row) for row in rows]


def rows_in_pages(run: ogive.Run, **options: Any) -> TrainingRows:
    return TrainingRows(run, 0.1, **{"page_prompts": 5, "seed": 3, **options})


def stream(run: ogive.Run, rank: int, world: int, **options: Any) -> list[tuple[Any, ...]]:
    workers = options.get("workers", 0)
    rows = rows_in_pages(run, rank=rank, world=world, **options)
    with warnings.catch_warnings():
        # More rows than len() are a warning of torch, and an error here.
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "This process .* is multi-threaded")
        count = len(rows)
        found = keys(DataLoader(rows, batch_size=None, num_workers=workers))
    assert count == len(found)
    return found


def test_an_epoch_has_the_rows_of_the_run(run: ogive.Run) -> None:
    wanted = {key(row): row for row in run.training_rows(0.1).to_pylist()}
    rows = rows_in_pages(run)
    assert len(rows) == len(wanted)
    found = list(rows)
    assert len(found) == len(wanted)
    for row in found:
        other = wanted[key(row)]
        assert row["prompt"] == json.loads(other["prompt"])
        assert {**row, "prompt": ""} == {**other, "prompt": ""}
    assert rows.epoch == 1


def test_seed_and_epoch_decide_the_order(run: ogive.Run) -> None:
    rows = rows_in_pages(run)
    first, second = keys(rows), keys(rows)
    assert set(first) == set(second) and len(set(first)) == len(first)
    assert (
        first != second
        and first == keys(rows_in_pages(run))
        and first != keys(rows_in_pages(run, seed=4))
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_each_row_is_read_once_over_all_ranks(run: ogive.Run, workers: int) -> None:
    found = [k for rank in range(3) for k in stream(run, rank, 3, workers=workers, uneven="keep")]
    assert sorted(found) == sorted(keys(rows_in_pages(run)))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("uneven", ["drop", "wrap"])
def test_every_rank_has_as_many_rows(run: ogive.Run, uneven: str, workers: int) -> None:
    # 24 prompts, some with fewer candidates: streams are not of one length by chance.
    lengths = [
        len(stream(run, r, 2, workers=workers, uneven="keep", page_prompts=3)) for r in (0, 1)
    ]
    found = [stream(run, r, 2, workers=workers, uneven=uneven, page_prompts=3) for r in (0, 1)]
    assert len(found[0]) == len(found[1])
    everything = set(keys(rows_in_pages(run)))
    if uneven == "drop":
        assert len(set(found[0] + found[1])) == len(found[0]) * 2 <= sum(lengths)
        assert len(found[0]) <= min(lengths)
    else:
        assert set(found[0] + found[1]) == everything and len(found[0]) >= max(lengths)
        for rank, count in enumerate(lengths):
            if not workers:  # what is repeated is the beginning
                assert found[rank][count:] == found[rank][: len(found[rank]) - count]
        assert workers or min(lengths) < len(found[0])


def test_batches_are_as_many_on_every_rank(run: ogive.Run) -> None:
    counts = set()
    for rank in range(2):
        rows = rows_in_pages(
            run, rank=rank, world=2, workers=2, uneven="drop", page_prompts=4, source="draws"
        )
        loader = DataLoader(rows, batch_size=7, num_workers=2, collate_fn=collate)
        counts.add(sum(1 for _ in loader))
    assert len(counts) == 1


@pytest.mark.parametrize("uneven", ["keep", "drop", "wrap"])
def test_it_restarts_with_the_very_next_row(run: ogive.Run, uneven: str) -> None:
    options: dict[str, Any] = {"uneven": uneven, "world": 2, "rank": 1, "page_prompts": 3}
    whole = rows_in_pages(run, **options)
    first, second = keys(whole), keys(whole)
    for place in (1, len(first) // 2, len(first)):
        rows = rows_in_pages(run, **options)
        source = iter(rows)
        for _ in range(place):
            next(source)
        again = rows_in_pages(run, **options)
        again.load_state_dict(json.loads(json.dumps(rows.state_dict())))
        assert keys(again) == first[place:], place
        assert keys(again) == second


def test_set_epoch_begins_an_epoch_anew(run: ogive.Run) -> None:
    whole = rows_in_pages(run)
    first, second = keys(whole), keys(whole)
    rows = rows_in_pages(run)
    # As a loop that takes the batches of an epoch, and no more.
    assert keys(itertools.islice(rows, len(first))) == first
    rows.set_epoch(1)
    assert keys(rows) == second
    rows.set_epoch(0)
    assert keys(rows) == first


def test_what_would_give_another_order_is_refused(run: ogive.Run) -> None:
    rows = rows_in_pages(run)
    next(iter(rows))
    state = rows.state_dict()
    with pytest.raises(ogive.OgiveError, match="another order"):
        rows_in_pages(run, seed=4).load_state_dict(state)
    again = rows_in_pages(run)
    again.load_state_dict({**state, "digest": "0"})
    with pytest.raises(ogive.OgiveError, match="other prompts or draws"):
        next(iter(again))


def test_wrong_uses_are_refused(run: ogive.Run, db: ogive.Database, empty: str) -> None:
    with pytest.raises(ValueError, match="choose uneven"):
        rows_in_pages(run, world=2)
    with pytest.raises(ValueError, match="rank from 0"):
        rows_in_pages(run, world=2, rank=2, uneven="drop")
    with pytest.raises(TypeError, match="no option 'colour'"):
        rows_in_pages(run, colour=1)
    with pytest.raises(ogive.OgiveError, match="24 prompts cannot be shared by 5 ranks with 5"):
        len(rows_in_pages(run, world=5, workers=5, uneven="drop"))
    with pytest.raises(ValueError, match="give workers=1"):
        list(DataLoader(rows_in_pages(run), batch_size=None, num_workers=1))
    with pytest.raises(ogive.OgiveError, match="no prompt whose table is complete"):
        list(TrainingRows(db.run(empty), 0.1))


def test_pairs_and_a_snapshot(db: ogive.Database, run: ogive.Run) -> None:
    pinned = db.run("made", snapshot="v1")
    for strategy in ("labels", "balanced"):
        wanted = run.pairs(strategy, pairs=2).to_pylist()
        rows = PreferencePairs(pinned, strategy, pairs=2, page_prompts=5)
        assert len(rows) == len(wanted), strategy
        found = list(iter(rows))  # without another len()
        assert {(r["prompt_key"], r["chosen"], r["rejected"]) for r in found} == {
            (r["prompt_key"], r["chosen"], r["rejected"]) for r in wanted
        }
    assert sorted(keys(rows_in_pages(pinned))) == sorted(keys(rows_in_pages(run)))
    assert len(rows_in_pages(pinned, source="candidates")) == len(
        list(rows_in_pages(pinned, source="candidates"))
    )


def test_the_mean_spread_is_computed_once_a_pass(run: ogive.Run) -> None:
    wanted = {key(r): r["target"] for r in run.training_rows(0.1, "scaled-normal-icdf").to_pylist()}
    found = {key(r): r["target"] for r in rows_in_pages(run, transform="scaled-normal-icdf")}
    assert found == wanted


def test_collate_makes_tensors_and_refuses_holes(run: ogive.Run) -> None:
    rows = list(itertools.islice(rows_in_pages(run, source="draws", tokens=True), 6))
    batch = collate(rows)
    assert batch["target"].dtype == torch.float64
    assert batch["target"].tolist() == [row["target"] for row in rows]
    assert batch["ref_log_probability"].tolist() == [r["ref_log_probability"] for r in rows]
    assert batch["completion"] == [row["completion"] for row in rows]
    assert batch["token_ids"] == [row["token_ids"] for row in rows]
    lacking = [{**row, "ref_log_probability": None} for row in rows]
    assert collate(lacking)["ref_log_probability"] is None
    with pytest.raises(ogive.OgiveError, match="ref_log_probability is None"):
        collate([*rows, *lacking])
    with pytest.raises(ogive.OgiveError, match="target is nan"):
        collate([{**rows[0], "target": float("nan")}])
    assert collate([]) == {}


def train(rank: int, url: str, place: str, counts: Any) -> None:
    """A step for each batch, with a sum over all ranks, which hangs where batches are not equal."""
    torch.distributed.init_process_group("gloo", f"file://{place}", rank=rank, world_size=2)
    run = ogive.connect(url).run("made")
    rows = rows_in_pages(run, rank=rank, world=2, uneven="drop", source="draws")
    steps = 0
    for batch in DataLoader(rows, batch_size=8, collate_fn=collate):
        torch.distributed.all_reduce(batch["target"].sum())
        steps += 1
    counts[rank] = steps
    torch.distributed.destroy_process_group()


def test_two_ranks_train_in_step(made: Any, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        counts = manager.dict()
        ranks = [
            context.Process(target=train, args=(r, made.url, str(tmp_path / "store"), counts))
            for r in (0, 1)
        ]
        for process in ranks:
            process.start()
        for process in ranks:
            process.join(500)
            assert process.exitcode == 0
        assert counts[0] == counts[1] > 5


def test_accelerate_shares_one_dataset(run: ogive.Run) -> None:
    accelerate = pytest.importorskip("accelerate")
    accelerator = accelerate.Accelerator(cpu=True)
    rows = rows_in_pages(run, source="draws")
    count = len(rows)
    loader = accelerator.prepare(DataLoader(rows, batch_size=8, collate_fn=collate))
    assert sum(len(batch["completion"]) for batch in loader) == count == 24 * 8
