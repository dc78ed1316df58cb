"""The module that the program calls: JSON Lines and Parquet, both ways."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

CHAT = [{"role": "text", "content": "text"}]
COLUMNS = [
    ("key", "text", False, "é\u2028"),
    ("count", "int64", False, 2**62 + 1),
    ("share", "float64", True, 0.1),
    ("whole", "float64", True, 3),
    ("good", "bool", False, True),
    ("chat", "json", True, {"b": [1, {"c": None}], "a": "é"}),
    ("at", "timestamp", True, "2026-11-30T03:21:09.123456Z"),
    ("names", ["text"], True, ["a", ""]),
    ("rewards", ["float64"], True, [1.5, -0.0, 2]),
    ("indexes", ["int64"], True, []),
    ("turns", [CHAT], True, [[{"role": "user", "content": "é"}], []]),
    ("extra", {"index": "int64", "parts": ["text"]}, True, {"index": 7, "parts": ["a"]}),
]


def module(*words: str, data: bytes = b"") -> tuple[int, bytes, str]:
    ended = subprocess.run(
        [sys.executable, "-m", "ogive._parquet", *words],
        input=data,
        capture_output=True,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr.decode()


def schema(folder: Path, columns: Any = None) -> str:
    path = folder / "schema.json"
    declared = [{"name": n, "type": t, "nullable": nullable} for n, t, nullable, _ in COLUMNS]
    path.write_text(json.dumps({"columns": declared if columns is None else columns}))
    return str(path)


def lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def test_what_is_written_is_read_with_its_types(tmp_path: Path) -> None:
    full = {name: value for name, _, _, value in COLUMNS}
    bare = {"key": "", "count": 0, "good": False}
    path = str(tmp_path / "x.parquet")
    data = lines(*[full] * 5000, bare) + b"\n"
    assert module("write", path, "--schema", schema(tmp_path), data=data) == (0, b"", "")
    table = pq.read_table(path)
    assert table.num_rows == 5001
    assert table.schema.field("at").type == pa.timestamp("us", tz="UTC")
    assert table.schema.field("rewards").type == pa.list_(pa.float64())
    assert table.schema.field("whole").type == pa.float64()
    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    assert table.schema.field("turns").type == pa.list_(pa.list_(turn))
    assert not table.schema.field("key").nullable and table.schema.field("chat").nullable
    first = table.slice(0, 1).to_pylist()[0]
    assert json.loads(first["chat"]) == full["chat"] and first["count"] == 2**62 + 1
    assert table.slice(5000).to_pylist()[0]["share"] is None
    code, output, errors = module("read", path)
    assert (code, errors) == (0, "")
    rows = [json.loads(line) for line in output.splitlines()]
    assert rows[0] == {**full, "chat": first["chat"], "whole": 3.0, "at": rows[0]["at"]}
    assert rows[5000]["names"] is None and len(rows) == 5001


def test_no_rows_make_a_file_with_its_columns(tmp_path: Path) -> None:
    path = str(tmp_path / "x.parquet")
    assert module("write", path, "--schema", schema(tmp_path))[0] == 0
    assert pq.read_table(path).column_names == [name for name, *_ in COLUMNS]
    assert module("read", path) == (0, b"", "")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"count": 1.0}, "line 2: 'count' is no int64: a float"),
        ({"count": True}, "'count' is no int64: a bool"),
        ({"count": 2**63}, "more than 64 bits"),
        ({"count": None}, "'count' is missing or null"),
        ({"share": "0.1"}, "'share' is no float64: a str"),
        ({"key": 7}, "'key' is no text"),
        ({"good": 1}, "'good' is no bool"),
        ({"rewards": [None]}, "'rewards' is no [\"float64\"]"),
        ({"extra": {"index": 7}}, '\'extra\' is no {"index": "int64", "parts": ["text"]}: it has'),
        (
            {"extra": {"index": 7, "parts": [], "more": 1}},
            "it has the fields 'index', 'parts', 'more'",
        ),
        ({"extra": {"index": 7, "parts": [8]}}, "'extra' is no"),
        ({"extra": []}, "'extra' is no"),
        ({"turns": [[{"role": "user", "content": None}]]}, "'turns' is no"),
        ({"at": "2026-11-30T03:21:09"}, "no time zone"),
        ({"at": "yesterday"}, "'at' is no timestamp"),
        ({"other": 1}, "'other' is no declared column"),
    ],
)
def test_a_row_that_is_not_as_declared_is_named(tmp_path: Path, change: Any, words: str) -> None:
    good = {"key": "a", "count": 1, "good": True}
    path = tmp_path / "x.parquet"
    path.write_text("before")
    code, output, errors = module(
        "write", str(path), "--schema", schema(tmp_path), data=lines(good, {**good, **change})
    )
    assert (code, output) == (1, b"") and words in errors and errors.count("\n") == 1
    assert path.read_text() == "before" and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b'{"key": NaN}', b'{"key": "\xff"}', b"[" * 100_000, b'{"share": 1e999}']
)
def test_a_line_that_is_no_row_is_refused(tmp_path: Path, line: bytes) -> None:
    columns = [{"name": "key", "type": "text", "nullable": True}]
    columns += [{"name": "share", "type": "float64", "nullable": True}]
    code, _, errors = module(
        "write", str(tmp_path / "x"), "--schema", schema(tmp_path, columns), data=line + b"\n"
    )
    assert code == 1 and errors.startswith("line 1: ") and errors.count("\n") == 1


@pytest.mark.parametrize(
    "columns",
    [
        [],
        [{"name": "a", "type": "date"}],
        [{"name": "a", "type": []}],
        [{"name": "a", "type": ["text", "text"]}],
        [{"name": "a", "type": {}}],
        [{"name": "a", "type": {"b": "date"}}],
        [{"name": "a", "type": None}],
        [{"type": "text"}],
        ["a"],
        [{"name": "a", "type": "text"}] * 2,
    ],
)
def test_a_schema_that_declares_nothing_is_refused(tmp_path: Path, columns: Any) -> None:
    code, _, errors = module("write", str(tmp_path / "x"), "--schema", schema(tmp_path, columns))
    assert code == 1 and "schema.json" in errors


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    code, _, errors = module("read", str(tmp_path / "x.parquet"))
    assert code == 1 and errors.count("\n") == 1 and "x.parquet" in errors
    assert module("read", str(tmp_path / "nothing"))[0] == 1
    pq.write_table(pa.table({"x": [b"a"]}), tmp_path / "b.parquet")
    code, _, errors = module("read", str(tmp_path / "b.parquet"))
    assert code == 1 and "column 'x' is of type binary" in errors


def test_who_stops_to_read_ends_it(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": ["a" * 1000] * 10_000}), tmp_path / "x.parquet")
    process = subprocess.Popen(
        [sys.executable, "-m", "ogive._parquet", "read", str(tmp_path / "x.parquet")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout and process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(500) == 1 and process.stderr.read() == b""
    process.stderr.close()


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "pyarrow.py").write_text("raise ModuleNotFoundError(name='pyarrow')")
    import os

    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ['PYTHONPATH']}"}
    ended = subprocess.run(
        [sys.executable, "-m", "ogive._parquet", "read", "x.parquet"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr == "pyarrow is not installed: pip install 'ogive[data]'\n"
