"""A run's state, its followers, other processes, and what changes the database."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import pickle
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

import ogive
from conftest import BINARY, Made, rows
from ogive._session import connect
from ogive.errors import database_errors


def test_the_status_counts(run: ogive.Run, db: ogive.Database) -> None:
    found = run.status()
    assert (found.state, found.prompts, found.landed, found.failures) == ("finished", 24, 192, 0)
    assert found.candidate_failures == 3 and found.synthetic and found.done
    assert {"made", "chats", BINARY} <= {status.run for status in db.runs()}
    assert run.wait(progress=True) == run.status()
    numbers = found.numbers()
    assert numbers["landed"] == 192 and "synthetic" not in numbers and "run" not in numbers


def test_wait_gives_up_and_says_that_nobody_leads(db: ogive.Database, empty: str) -> None:
    begin = time.monotonic()
    with (
        pytest.warns(UserWarning, match="waits for a coordinator"),
        pytest.raises(TimeoutError, match="4 draws pending"),
    ):
        db.run(empty).wait(timeout=0.3, interval=0.1)
    assert time.monotonic() - begin >= 0.3


def test_a_logger_gets_the_numbers(run: ogive.Run) -> None:
    class Logger:
        logged: list[dict[str, Any]] = []  # noqa: RUF012

        def log(self, data: dict[str, Any]) -> None:
            self.logged.append(data)

    assert run.log_to(Logger()).done
    assert Logger.logged[-1]["ogive/landed"] == 192


def test_trackio_takes_the_numbers(
    run: ogive.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    trackio = pytest.importorskip("trackio", exc_type=ImportError)
    trackio.init(project="ogive", name="landing", auto_log_cpu=False, auto_log_gpu=False)
    run.log_to(trackio)
    trackio.finish()
    with sqlite3.connect(tmp_path / "ogive.db") as connection:
        text = str(connection.execute("SELECT * FROM metrics").fetchall())
    assert "ogive/landed" in text and "192" in text


def test_an_audit_and_a_snapshot_are_the_programs(run: ogive.Run) -> None:
    audit = run.audit()
    assert audit.sound and audit.report["landed"] == 192
    pinned = run.make_snapshot("v2 é")
    assert pinned.manifest["snapshot"] == "v2 é" and len(pinned.tables()) == 24
    with pytest.raises(ogive.ProgramError, match="v2"):
        run.make_snapshot("v2 é")


def test_an_unsound_run_is_said(db: ogive.Database, empty: str) -> None:
    audit = db.run(empty).audit()
    assert not audit.sound and audit.report["pending"] == 4
    with pytest.raises(ogive.ProgramError):
        db.run(empty).make_snapshot("v1")


def test_follow_gives_each_prompt_once_while_the_run_lands(made: Made) -> None:
    prompts = rows(40)
    config = made.write("followed", 6, prompts, latency="20ms")
    made.ogive("submit", config)
    run = ogive.connect(made.url).run("followed")
    worker = threading.Thread(
        target=made.ogive, args=("run", "--no-preflight", config), kwargs={"code": 1}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nobody leads yet
        pages = run.follow(0.1, page_prompts=5, interval=0.05)
        worker.start()
        found = list(pages)
    worker.join()
    ids = [key for page in found for key in dict.fromkeys(page["prompt_id"].to_pylist())]
    assert len(ids) == len(set(ids)) == 40
    assert all(len(set(page["prompt_id"].to_pylist())) <= 5 for page in found)
    read = [row for page in found for row in page.to_pylist()]
    wanted = run.training_rows(0.1, source="draws").to_pylist()
    assert sorted(read, key=str) == sorted(wanted, key=str)


def test_a_later_look_gives_only_what_is_new(
    run: ogive.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = run.status()
    looks = iter([dataclasses.replace(ended, state="open")] * 2 + [ended])
    monkeypatch.setattr(ogive.Run, "status", lambda _: next(looks))
    pages = list(run.follow(0.1, interval=0))
    assert [len(page) for page in pages] == [24 * 8]
    assert next(looks, None) is None


def test_follow_refuses_what_would_change_behind_it(db: ogive.Database, run: ogive.Run) -> None:
    with pytest.raises(ogive.OgiveError, match="a snapshot does not change"):
        db.run("made", snapshot="v1").follow(0.1)
    with pytest.raises(TypeError, match="draws only"):
        run.follow(0.1, source="all")
    with pytest.raises(TypeError, match="no option 'colour'"):
        run.follow(0.1, colour=1)
    with pytest.raises(ogive.OgiveError, match="give mean_spread"):
        run.follow(0.1, transform="scaled-normal-icdf")
    assert len(list(run.follow(0.1, transform="scaled-normal-icdf", mean_spread=1.0))) == 1


def test_a_submission_is_a_run_of_this_database(made: Made, db: ogive.Database) -> None:
    config = made.write("submitted", 4, [{"key": "a", "prompt": "b"}])
    # Its own database is not there, and not used.
    text = json.loads(Path(config).read_text())
    text["database"] = {"embedded": str(made.folder / "nowhere")}
    Path(config).write_text(json.dumps(text))
    run = db.submit(config, {"run.draws": 7, "run.name": "another"})
    assert (run.name, run.status().draws, run.status().state) == ("another", 7, "open")
    assert not (made.folder / "nowhere").exists()
    with pytest.raises(ogive.ProgramError, match=r"run\.colour"):
        db.submit(config, {"run.colour": 1})
    with pytest.raises(ogive.OgiveError, match="no configuration"):
        db.submit("no.yaml")


def test_a_run_of_any_name_is_read(db: ogive.Database) -> None:
    run = db.run(BINARY)
    assert len(run.tables()) == 12 and len(run.training_rows(0.1)) == 72
    assert len(run.quantile_rewards(["b0"], [0])) == 1 and run.reference().run == BINARY
    assert BINARY.split()[0] in run._repr_html_() and run.audit().sound
    assert run.make_snapshot(BINARY).manifest["snapshot"] == BINARY
    assert len(db.run(BINARY, BINARY).completions()) == 72


def count(run: ogive.Run) -> int:
    return len(run.tables())


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_run_goes_to_other_processes(run: ogive.Run, method: str) -> None:
    assert len(run.tables()) == 24
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(count, [run] * 4) == [24] * 4
    again = pickle.loads(pickle.dumps(run))
    assert (again.name, len(again.pairs("best-worst"))) == ("made", 24)


def test_errors_survive_pickles() -> None:
    for error in (ogive.OgiveError("a"), ogive.ProgramError("b", 3), ogive.UnknownPrompt("c")):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error) and str(again) == str(error)


def test_an_embedded_database_is_held_while_it_is_used(program: str, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    config = folder / "run.yaml"
    (folder / "p.jsonl").write_text('{"key": "a", "prompt": "b"}\n{"key": "c", "prompt": "d"}\n')
    config.write_text(
        json.dumps(
            {
                "run": {"name": "own", "draws": 4},
                "prompts": {"file": "p.jsonl", "set": "own"},
                "policy": {"kind": "synthetic"},
                "scorer": {"kind": "synthetic"},
                "database": {"embedded": "db"},
            }
        )
    )
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)  # root's server runs as another user
    subprocess.run([program, "run", "--no-preflight", str(config)], check=True, capture_output=True)
    socket = folder / "db/run/.s.PGSQL.5432"
    assert not socket.exists()
    with ogive.connect(config=config) as db:
        run = db.run("own")
        assert len(run.tables()) == 2 and len(run.reference()) == 2
        child = os.fork()
        if child == 0:
            db.close()  # of a copy: the parent's database stays
            os._exit(0)
        os.waitpid(child, 0)
        assert run.audit().sound
        assert db.import_prompts([{"prompt": "x"}], set="more")["imported"] == 1
        # Who reads changes nothing.
        with pytest.raises(ogive.OgiveError):
            with connect(db.conninfo) as connection, database_errors():
                connection.execute("DELETE FROM ogive.runs")
        assert socket.exists()
    assert not socket.exists()
    with pytest.raises(ogive.OgiveError):
        run.tables()
    # The end of a process, however it comes, lets it go.
    script = (
        f"import ogive, os; db = ogive.connect(config={str(config)!r}); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    for _ in range(2000):
        if not socket.exists():
            break
        time.sleep(0.05)
    assert not socket.exists()


def test_a_configuration_without_a_database_is_refused(program: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text('{"database": {"embedded": "none"}}')
    with pytest.raises(ogive.ProgramError, match=r"^there is no database in") as caught:
        ogive.connect(config=tmp_path / "a.yaml")
    assert caught.value.exit_code == 3
    (tmp_path / "b.yaml").write_text('{"databse": {}}')
    with pytest.raises(ogive.ProgramError, match=r"^unknown key `databse`"):
        ogive.connect(config=tmp_path / "b.yaml")
    with pytest.raises(ogive.OgiveError, match="is not there"):
        ogive.connect(config=tmp_path / "a.yaml", program=tmp_path / "no")
    with pytest.raises(ogive.OgiveError, match="not both"):
        ogive.connect("postgresql:///x", config=tmp_path / "a.yaml")


def test_a_password_is_shown_nowhere() -> None:
    secret = "s3cr3t"  # noqa: S105
    with pytest.raises(ogive.OgiveError) as caught:
        ogive.connect(f"postgresql://u:{secret}@127.0.0.1:1/x?connect_timeout=2")
    assert secret not in str(caught.value)
    with pytest.raises(ogive.OgiveError) as caught:
        ogive.connect(f"postgresql://u:{secret}@[x/")
    assert secret not in str(caught.value)
    db = ogive.Database(f"host=h user=u password={secret}", None, None)
    assert secret not in repr(db) and secret not in repr(ogive.Run(db, "a"))
    assert secret not in db._url() and db._secrets() == {"PGPASSWORD": secret}


def test_a_notebook_shows_no_html_of_others(run: ogive.Run, db: ogive.Database, empty: str) -> None:
    for shown in (
        run._repr_html_(),
        run.training_rows(0.1)._repr_html_(),
        run.tables()._repr_html_(),
        ogive.Table(run.completions().to_arrow().slice(0, 0), "<b>")._repr_html_(),
    ):
        assert "<script" not in shown and "<b>" not in shown and "<table>" in shown
    assert "&lt;script&gt;" in run.training_rows(0.1)._repr_html_()
    assert "<svg" in run._repr_html_() and "192 of 192" in run._repr_html_()
    assert "SYNTHETIC" in run._repr_html_()
    assert "<svg" not in db.run(empty)._repr_html_()


def test_names_that_are_not_there_have_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        _ = ogive.colour
    assert set(ogive.__all__) <= set(dir(ogive))
    ended = subprocess.run([sys.executable, "-m", "ogive"], capture_output=True, check=False)
    assert ended.returncode == 1 and b"cannot be directly executed" in ended.stderr
