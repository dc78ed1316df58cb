"""Reference versions against SciPy, and pass rates."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ogive
from conftest import BINARY, Made
from ogive import schemas

stats = pytest.importorskip("scipy.stats")

PROMPTS: list[dict[str, Any]] = [{"key": f"v{n}", "prompt": f"{n}"} for n in range(30)]


@pytest.fixture(scope="session")
def versions(made: Made) -> tuple[str, str, str]:
    """A run, a next version whose rewards moved, and one of other numbers of draws with ties."""
    config = made.write("moved", 24, PROMPTS)
    made.ogive("run", "--no-preflight", config)
    # Latent rewards are whole numbers.
    for revision, synthetic in (("2", {"mean": 0.8}), ("3", {"values": [-1, 0, 1, 2]})):
        text = json.loads(Path(config).read_text())
        text["policy"]["synthetic"] |= synthetic
        if "values" in synthetic:
            text["policy"]["synthetic"]["distribution"] = "discrete"
        Path(config).write_text(json.dumps(text))
        refresh = ("refresh", "moved", "--revision", revision, "--no-preflight")
        made.ogive(*refresh, "--config", config)
    return "moved", "moved-2", "moved-3"


def tables(run: ogive.Run) -> dict[int, np.ndarray[Any, Any]]:
    return {t["prompt_id"]: np.asarray(t["rewards"]) for t in run.tables().to_pylist()}


def test_drift_is_what_scipy_computes(db: ogive.Database, versions: tuple[str, str, str]) -> None:
    run, other = db.run(versions[0]), db.run(versions[1])
    before, after = tables(run), tables(other)
    levels = (0.1, 0.5, 0.9)
    found = run.drift(other, p=levels)
    assert found.schema.equals(schemas.DRIFT.schema)
    rows = found.to_pylist()
    assert len(rows) == 30 and all(row["complete"] for row in rows)
    for row in rows:
        left, right = before[row["prompt_id"]], after[row["prompt_id"]]
        exact = stats.ks_2samp(left, right, method="exact")
        assert row["ks_distance"] == pytest.approx(exact.statistic, abs=1e-15)
        assert row["ks_p_value"] == pytest.approx(exact.pvalue, rel=1e-12)
        assert row["mean_shift"] == pytest.approx(right.mean() - left.mean(), abs=1e-12)
        welch = np.sqrt(stats.sem(left) ** 2 + stats.sem(right) ** 2)
        assert row["mean_shift_standard_error"] == pytest.approx(welch, rel=1e-12)
        shifts = [
            np.quantile(right, p, method="inverted_cdf")
            - np.quantile(left, p, method="inverted_cdf")
            for p in levels
        ]
        assert row["quantile_shifts"] == pytest.approx(shifts, abs=1e-15)


def test_a_summary_counts_as_scipy_does(db: ogive.Database, versions: tuple[str, str, str]) -> None:
    run, other = db.run(versions[0]), db.run(versions[1])
    rows = run.drift(other).to_pylist()
    values = np.asarray([row["ks_p_value"] for row in rows])
    shifts = np.asarray([row["mean_shift"] for row in rows])
    counts = []
    for rate in (0.001, 0.05, 0.2, 0.9):
        found = run.drift_summary(other, false_discovery_rate=rate)
        moved = stats.false_discovery_control(values, method="bh") <= rate
        counts.append(found.moved)
        assert found.moved == moved.sum()
        assert found.moved_ks_p_value == (values[moved].max() if moved.any() else None)
    assert counts == sorted(counts) and counts[0] < counts[-1]
    assert (found.prompts, found.complete) == (30, 30)
    assert found.mean_shift == pytest.approx(shifts.mean(), rel=1e-12)
    assert found.mean_shift_standard_error == pytest.approx(stats.sem(shifts), rel=1e-12)
    assert found.largest_ks_distance == max(row["ks_distance"] for row in rows)


def test_ties_are_counted_exactly(made: Made, db: ogive.Database) -> None:
    # SciPy's p-value is that of rewards without ties; a count of all ways is the reference.
    configs = [
        made.write(f"ties{draws}", draws, PROMPTS[:8], distribution="discrete", values=[0, 1, 2])
        for draws in (5, 7)
    ]
    text = json.loads(Path(configs[1]).read_text())
    text["prompts"]["set"] = "ties5"
    text["policy"]["revision"] = "2"
    Path(configs[1]).write_text(json.dumps(text))
    for config in configs:
        made.ogive("run", "--no-preflight", config)
    left, right = db.run("ties5"), db.run("ties7")
    before, after = tables(left), tables(right)
    rows = left.drift(right).to_pylist()
    assert len(rows) == 8
    for row in rows:
        pool = np.concatenate([before[row["prompt_id"]], after[row["prompt_id"]]])
        chosen = np.zeros((792, 12), dtype=bool)
        for number, places in enumerate(itertools.combinations(range(12), 5)):
            chosen[number, list(places)] = True
        below = pool[None, :] <= np.unique(pool)[:, None]
        first = chosen.astype(int) @ below.T.astype(int)
        second = (~chosen).astype(int) @ below.T.astype(int)
        distances = np.abs(7 * first - 5 * second).max(axis=1)
        share = (distances >= distances[0]).mean()
        assert row["ks_p_value"] == pytest.approx(share, abs=1e-12)
        assert row["ks_distance"] == pytest.approx(distances[0] / 35, abs=1e-15)


def test_versions_that_cannot_be_compared_are_refused(
    db: ogive.Database, run: ogive.Run, versions: tuple[str, str, str]
) -> None:
    with pytest.raises(ogive.OgiveError, match="different prompt sets"):
        run.drift(db.run(versions[0]))
    with pytest.raises(ogive.OgiveError, match="share their completions"):
        run.drift_summary(run)
    with pytest.raises(ogive.OgiveError, match="no run named 'none'"):
        run.drift(db.run("none"))
    with pytest.raises(ValueError, match="the same database"):
        run.drift(ogive.Run(ogive.Database("dbname=x", None, None), "made"))


def test_pass_rates_are_what_scipy_computes(db: ogive.Database) -> None:
    run = db.run(BINARY)
    found = run.pass_rates(k=(1, 3, 6, 7))
    assert found.schema.equals(schemas.PASS_RATES.schema)
    for row, table in zip(found.to_pylist(), run.tables().to_pylist(), strict=True):
        passed, n = int(sum(table["rewards"])), len(table["rewards"])
        assert (row["passed"], row["n"], row["pass_rate"]) == (passed, n, passed / n)
        # That none of k draws passed, of n without replacement.
        wanted = [1 - stats.hypergeom.pmf(0, n, passed, k) for k in (1, 3, 6)]
        assert row["pass_at"][:3] == pytest.approx(wanted, abs=1e-12)
        assert row["pass_at"][3] is None
        ends = stats.beta.ppf([0.025, 0.975], passed + 0.5, n - passed + 0.5)
        lower, upper = (0 if passed == 0 else ends[0]), (1 if passed == n else ends[1])
        assert (row["lower"], row["upper"]) == pytest.approx((lower, upper), abs=1e-9)
    band = run.pass_rates(min_rate=0.4, max_rate=0.6)["pass_rate"].to_pylist()
    assert band == [rate for rate in found["pass_rate"].to_pylist() if 0.4 <= rate <= 0.6]


def test_pass_rates_of_other_rewards_need_a_bound(run: ogive.Run) -> None:
    with pytest.raises(ogive.OgiveError, match="neither 0 nor 1"):
        run.pass_rates()
    rates = run.pass_rates(passes_from=0.0)["pass_rate"].to_pylist()
    rewards = [table["rewards"] for table in run.tables().to_pylist()]
    assert rates == [float(np.mean(np.asarray(each) >= 0)) for each in rewards]


BAND = ("tables", "training_rows", "pairs", "completions", "candidates", "value_rows",
        "prompt_features")  # fmt: skip


@pytest.fixture
def chosen(db: ogive.Database) -> list[int]:
    """The prompts of the run BINARY whose pass rate is from 0.4 to 0.6."""
    rates = db.run(BINARY).pass_rates().to_pylist()
    found = [row["prompt_id"] for row in rates if 0.4 <= row["pass_rate"] <= 0.6]
    assert 0 < len(found) < len(rates) == 12
    return found


@pytest.fixture(scope="module")
def pinned(made: Made) -> ogive.Run:
    """A snapshot of the run BINARY."""
    return ogive.connect(made.url).run(BINARY).make_snapshot("band")


@pytest.mark.parametrize("kind", BAND)
@pytest.mark.parametrize("page", [2000, 5])
def test_rows_of_a_band_are_those_of_its_prompts(
    db: ogive.Database,
    pinned: ogive.Run,
    chosen: list[int],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    page: int,
) -> None:
    monkeypatch.setattr("ogive._rows._PAGE", page)
    given: dict[str, Any] = {"pairs": {"strategy": "best-worst"}, "training_rows": {"beta": 0.1}}
    options = given.get(kind, {})
    for run in (db.run(BINARY), pinned):
        everything = getattr(run, kind)(**options)
        found = getattr(run, kind)(**options, min_rate=0.4, max_rate=0.6)
        assert found.schema.equals(everything.schema)
        wanted = [row for row in everything.to_pylist() if row["prompt_id"] in chosen]
        assert found.to_pylist() == wanted and (wanted or kind == "candidates")
        # A reward of 0 passes, so every prompt does.
        passed = getattr(run, kind)(**options, min_rate=1.0, passes_from=0.0)
        assert passed.to_pylist() == everything.to_pylist()


def test_loaders_read_a_band(db: ogive.Database, chosen: list[int]) -> None:
    pytest.importorskip("torch")
    from ogive.torch import PreferencePairs, TrainingRows

    band: dict[str, Any] = {"min_rate": 0.4, "max_rate": 0.6}
    run = db.run(BINARY)
    rows = TrainingRows(run, 0.1, source="draws", page_prompts=2, **band)
    found = list(rows)
    assert {row["prompt_id"] for row in found} == set(chosen)
    assert len(found) == len(rows) == len(chosen) * 6
    pairs = PreferencePairs(run, "best-worst", uneven="drop", **band)
    assert len(pairs) == len(chosen) == len(list(pairs))
    assert rows.order()["min_rate"] == pairs.order()["min_rate"] == 0.4
    with pytest.raises(ogive.OgiveError, match="whose pass rate is in the band"):
        list(TrainingRows(run, 0.1, min_rate=0.51, max_rate=0.52))


def test_a_card_says_what_a_band_leaves_out(
    db: ogive.Database, chosen: list[int], tmp_path: Path
) -> None:
    run = db.run(BINARY)
    path = run.save_to_disk(tmp_path / "a", "value_rows", min_rate=0.4, max_rate=0.6)
    text = (path / "README.md").read_text()
    said = f"{len(chosen)} prompts with a pass rate from 0.4 to 0.6; {12 - len(chosen)} others"
    assert said in text
    found = run.certificate(min_rate=0.4, max_rate=0.6)
    assert found["selection"]["left_out"] == 12 - len(chosen)
    assert found["tables"]["count"] == 12 and run.certificate()["selection"] is None
    everything = run.save_to_disk(tmp_path / "b", "value_rows")
    assert "are left out" not in (everything / "README.md").read_text()


def test_what_is_no_band_is_refused(db: ogive.Database, run: ogive.Run) -> None:
    with pytest.raises(ValueError, match="0 ≤ min ≤ max ≤ 1"):
        run.tables(min_rate=0.6, max_rate=0.4)
    with pytest.raises(ValueError, match="give one of them"):
        run.certificate(passes_from=0.5)
    with pytest.raises(ogive.OgiveError, match="neither 0 nor 1"):
        run.tables(min_rate=0.5)
    with pytest.raises(TypeError, match="failures has no option 'min_rate'"):
        run.to_dataset("failures", min_rate=0.5)
