"""A PostgreSQL of the tests' own, and runs that the native program made in it."""

from __future__ import annotations

import glob
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import ogive

CHECKOUT = Path(__file__).resolve().parents[3]
HOSTILE = "<script>alert('1')</script> \"; DROP TABLE x; -- \\ ${x} {y} %s $1 \u2028 é 🎉"
# A run may have any name.
BINARY = "x {y} %s 'q' \"z\" é -- \\"
KEYS = ["p0", "é", "e\u0301", "🎉", "'; --", 'a"b\\c', "<b>&", " lead", "%s{x}$1", "x" * 900]


def programs() -> Path | None:
    """The folder of PostgreSQL's programs."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))  # noqa: PTH207
    path = found[-1] if found else shutil.which("initdb")
    return Path(path).parent if path else None


@pytest.fixture(scope="session")
def program() -> str:
    """The native program; without it there is no data to test with."""
    path = os.environ.get("OGIVE_PROGRAM") or str(CHECKOUT / ".build/debug/ogive")
    if not os.access(path, os.X_OK):
        pytest.skip(f"{path} is not there: build it, or set OGIVE_PROGRAM")
    os.environ["OGIVE_PROGRAM"] = path
    return path


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A server with a Unix socket only; gives the URL of its database `ogive`."""
    binaries = programs()
    if binaries is None:
        pytest.skip("PostgreSQL's initdb is not there: install the server")
    folder = Path(tempfile.mkdtemp(prefix="ogive-python-tests-"))
    folder.chmod(0o755)
    # The server refuses to run as root.
    user = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.getuid())
    data = folder / "server"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(data, user.pw_uid, user.pw_gid)
    as_user: dict[str, Any] = (
        {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    )

    def run(*words: str) -> None:
        subprocess.run(
            [str(binaries / words[0]), *words[1:]],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **as_user,
        )

    settings = f"-k {data} -c listen_addresses= -c fsync=off"
    try:
        run("initdb", "-D", f"{data}/db", "-U", "ogive", "-A", "trust", "-E", "UTF8", "-N")
        run("pg_ctl", "-D", f"{data}/db", "-l", f"{data}/log", "-w", "-o", settings, "start")
        try:
            run("createdb", "-h", str(data), "-U", "ogive", "ogive")
            yield f"postgresql://ogive@/ogive?host={data}"
        finally:
            run("pg_ctl", "-D", f"{data}/db", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True)
class Made:
    """What the fixture made: a database, its URL, and configurations for more of it."""

    url: str
    program: str
    folder: Path

    def write(
        self, name: str, draws: int, prompts: list[dict[str, Any]], **synthetic: object
    ) -> str:
        """Writes a configuration of a synthetic run, and its prompts; gives its path."""
        file = self.folder / f"{name}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in prompts))
        config = {
            "run": {"name": BINARY if name == "binary" else name, "draws": draws},
            "prompts": {"file": str(file), "set": name},
            "policy": {
                "kind": "synthetic",
                "synthetic": {"distribution": "normal", "text_length": 40, **synthetic},
            },
            "scorer": {"kind": "synthetic"},
            "database": {"url": self.url},
            "worker": {"processes": 1},
        }
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps(config))
        return str(path)

    def ogive(self, *words: str, code: int = 0) -> str:
        """Runs a command of the native program."""
        ended = subprocess.run([self.program, *words], capture_output=True, text=True, check=False)
        assert ended.returncode == code, ended.stderr
        return ended.stdout


def rows(count: int) -> list[dict[str, Any]]:
    """Prompts with keys of all kinds and two candidates, one of which may have no reward."""
    found = []
    for number in range(count):
        key = KEYS[number] if number < len(KEYS) else f"p{number}"
        worse = "no reward in it" if number % 7 == 3 else f"synthetic reward=-0.{number}1; "
        found.append(
            {
                "key": key,
                "prompt": f"{number} {HOSTILE}",
                "chosen": "synthetic reward=1.5; ",
                "rejected": worse,
            }
        )
    return found


@pytest.fixture(scope="session")
def made(server: str, program: str) -> Iterator[Made]:
    """The database with three runs: `made`, `chats` and the one named BINARY."""
    with tempfile.TemporaryDirectory(prefix="ogive-python-tests-") as folder:
        found = Made(server, program, Path(folder))
        chats = [
            {"key": f"c{n}", "messages": [{"role": "system", "content": "s"},
                                          {"role": "user", "content": f"{n}?"}]}
            for n in range(6)
        ]  # fmt: skip
        binary = [{"key": f"b{n}", "prompt": f"{n}"} for n in range(12)]
        configs = [
            found.write("made", 8, rows(24)),
            found.write("chats", 4, chats),
            found.write("binary", 6, binary, distribution="discrete", values=[0, 1]),
        ]
        # Candidates without a reward are failures, which the exit code says.
        for config, code in zip(configs, (1, 0, 0), strict=True):
            found.ogive("run", "--no-preflight", config, code=code)
        found.ogive("snapshot", "made", "v1", "--config", configs[0])
        yield found


@pytest.fixture
def db(made: Made) -> ogive.Database:
    """The database, opened."""
    return ogive.connect(made.url)


@pytest.fixture
def run(db: ogive.Database) -> ogive.Run:
    """The run `made`."""
    return db.run("made")


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of a test is fetched, or kept in the caches of the user."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@pytest.fixture(scope="session")
def empty(made: Made) -> str:
    """A run of which nothing has landed."""
    config = made.write("empty", 4, [{"key": "a", "prompt": "b", "chosen": "c", "rejected": "d"}])
    made.ogive("submit", config)
    return "empty"
