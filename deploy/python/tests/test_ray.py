"""Workers in actors of Ray make a run's tables. Skipped where Ray is not installed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import ogive
from conftest import Made

ray = pytest.importorskip("ray", reason="Ray is not there: pip install 'ogive[ray]'")
import ogive.ray as fleets  # noqa: E402 - needs Ray

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=100_000_000)
    yield
    ray.shutdown()


def prompts(count: int) -> list[dict[str, object]]:
    return [{"key": f"p{number}", "prompt": f"{number}?"} for number in range(count)]


def coordinator(made: Made, config: str, address: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [made.program, "run", config, "--no-workers", "--no-preflight",
         "-o", "coordinator.listen=tcp://127.0.0.1:*",
         "-o", f"coordinator.address_file={address}"],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip


def submitted(db: ogive.Database, name: str) -> ogive.Run:
    for _ in range(600):
        if any(status.run == name for status in db.runs()):
            return db.run(name)
        time.sleep(0.1)
    raise AssertionError(f"{name} was not submitted")


def test_two_workers_make_a_runs_tables(
    cluster: None, made: Made, db: ogive.Database, tmp_path: Path
) -> None:
    config = made.write("on-ray", 8, prompts(60), latency="50ms")
    address = tmp_path / "address"
    process = coordinator(made, config, address)
    try:
        run = submitted(db, "on-ray")
        with fleets.start_workers(
            config,
            run=run,
            workers=2,
            cpus=0.1,
            items_per_worker=100,
            program=made.program,
            overrides={"worker.connect": f"file:{address}", "worker.sample_concurrency": 4},
            interval=0.5,
        ) as workers:
            workers.wait(300)
        assert workers.started == 2
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
    assert run.status().state == "finished"
    assert run.audit().sound
    assert workers.pending() is None
    names = {row["worker"] for row in run.completions().to_arrow().to_pylist()}
    assert len(names) == 2, names
    # The same draws as workers make that `ogive run` starts.
    with psycopg.connect(made.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE undisturbed")
    other = made.url.replace("/ogive?", "/undisturbed?")
    made.ogive("run", "--no-preflight", config, "-o", f"database.url={other}")
    wanted = ogive.connect(other).run("on-ray").tables().to_arrow()
    found = run.tables().to_arrow()
    assert found.num_rows == 60
    for column in "prompt_key", "rewards":
        assert found[column].to_pylist() == wanted[column].to_pylist()


def test_a_wrong_configuration_ends_the_workers(
    cluster: None, made: Made, db: ogive.Database
) -> None:
    config = made.write("refused-by-ray", 1, prompts(1))
    made.ogive("submit", config)
    run = db.run("refused-by-ray")
    workers = fleets.start_workers(
        config, run=run, cpus=0.1, program=made.program, overrides={"worker.prefetch": -1},
        interval=0.5,
    )  # fmt: skip
    with pytest.raises(ogive.OgiveError, match="exit code 2"):
        workers.wait(300)
    made.ogive("cancel", "refused-by-ray", "--config", config)


def test_a_missing_program_ends_the_workers(cluster: None, made: Made, db: ogive.Database) -> None:
    config = made.write("no-program-for-ray", 1, prompts(1))
    made.ogive("submit", config)
    run = db.run("no-program-for-ray")
    workers = fleets.start_workers(config, run=run, cpus=0.1, program="/nowhere/ogive")
    with pytest.raises(ogive.OgiveError, match="/nowhere/ogive is not there"):
        workers.wait(300)
    made.ogive("cancel", "no-program-for-ray", "--config", config)


def test_as_many_workers_as_there_is_work_for() -> None:
    assert [fleets.wanted(items, 2, 5, 100) for items in (0, 1, 200, 201, 500, 10**6)] == [
        0, 2, 2, 3, 5, 5,
    ]  # fmt: skip


def test_bounds_are_refused_that_make_no_sense() -> None:
    with pytest.raises(ogive.OgiveError, match="workers_min"):
        fleets.start_workers("x.yaml", workers=1, workers_min=2)
