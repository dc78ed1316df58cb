"""Sources of prompts: what arrives in the set, and what is refused with its place."""

from __future__ import annotations

import datetime
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ogive
from conftest import HOSTILE, Made
from ogive import _json_rows
from ogive.prompts import as_file

ROWS: list[dict[str, Any]] = [
    {"key": "a", "prompt": f"{HOSTILE}\n", "level": 3, "score": 0.5, "tags": ["x", "y"]},
    {"key": "é", "prompt": "two", "level": 2**60, "score": -1e-300, "tags": []},
]


def sources(folder: Path) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """The same rows from everywhere."""
    table = pa.Table.from_pylist(ROWS)
    text = "".join(json.dumps(row) + "\n" for row in ROWS)
    (folder / "a.jsonl").write_text(text)
    (folder / "a.json").write_text(json.dumps(ROWS, indent=1))
    with gzip.open(folder / "a.jsonl.gz", "wt") as file:
        file.write(text)
    pq.write_table(table, folder / "a.parquet", row_group_size=1)
    hub = folder / "hub" / "data"
    hub.mkdir(parents=True)
    for number in range(2):
        pq.write_table(table.slice(number, 1), hub / f"train-0000{number}-of-00002.parquet")
    saved = datasets.Dataset(table)
    saved.save_to_disk(str(folder / "saved"))
    datasets.DatasetDict({"train": saved, "test": saved.select([0])}).save_to_disk(
        str(folder / "splits")
    )
    yield "path", str(folder / "a.jsonl"), {}
    for name in ("a.json", "a.jsonl.gz", "a.parquet", "hub", "saved", "splits/train"):
        yield name, folder / name, {}
    yield "split", folder / "splits", {"split": "train"}
    yield "rows", ROWS, {}
    yield "generator", (row for row in ROWS), {}
    yield "numpy", [{**row, "level": np.int64(row["level"])} for row in ROWS], {}
    yield "arrow", table, {}
    yield "pandas", pd.DataFrame(ROWS), {}
    yield "index", pd.DataFrame(ROWS).set_index("key"), {}
    yield "dataset", datasets.Dataset(table), {}
    yield "shuffled", datasets.Dataset(table).select([1, 0]), {}
    yield "streamed", datasets.Dataset(table).to_iterable_dataset(), {}
    yield (
        "categories",
        pa.table(
            {
                n: c.dictionary_encode() if n == "key" else c
                for n, c in zip(table.column_names, table.columns, strict=True)
            }
        ),
        {},
    )


def endless() -> dict[str, Any]:
    row: dict[str, Any] = {}
    row["row"] = row
    return row


def test_every_source_gives_the_same_lines(tmp_path: Path) -> None:
    for name, source, options in sources(tmp_path):
        if name in ("a.json", "a.jsonl.gz"):
            continue  # the program reads these
        with as_file(source, options.get("split")) as file:
            found = [json.loads(line) for line in Path(file.path).read_bytes().splitlines()]
        assert sorted(found, key=lambda row: str(row["key"])) == ROWS, name


def stored(made: Made, name: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(made.url) as connection:
        return connection.execute(
            "SELECT prompt_key, content, metadata FROM ogive.prompts WHERE prompt_set = %s "
            "ORDER BY prompt_key",
            [name],
        ).fetchall()


@pytest.mark.parametrize("chosen", ["a.json", "a.jsonl.gz", "a.parquet", "rows", "dataset"])
def test_the_program_imports_it(
    db: ogive.Database, made: Made, tmp_path: Path, chosen: str
) -> None:
    source, options = next((s, o) for name, s, o in sources(tmp_path) if name == chosen)
    found = db.import_prompts(source, set=f"set {chosen}", **options)
    assert found["imported"] == 2 and found["notes"] == []
    assert stored(made, f"set {chosen}") == [
        (
            row["key"],
            {"text": row["prompt"]},
            {name: row[name] for name in ("level", "score", "tags")},
        )
        for row in ROWS
    ]


def test_a_bad_row_imports_nothing_and_is_named(db: ogive.Database, made: Made) -> None:
    rows = [{"prompt": "a"}, {"promt": "b"}]
    with pytest.raises(ogive.ProgramError, match="a row of the given rows is bad") as caught:
        db.import_prompts(rows, set="bad")
    assert caught.value.exit_code == 1
    assert "the given rows:2: no prompt" in str(caught.value)
    assert "give skip_bad_rows=True" in str(caught.value)
    assert stored(made, "bad") == []
    found = db.import_prompts(rows, set="bad", skip_bad_rows=True)
    assert (found["imported"], found["skipped"]) == (1, 1)
    assert found["bad_rows_file"] is None and "promt" in json.dumps(found["bad_rows"])


def test_bad_rows_of_a_file_are_beside_it(db: ogive.Database, tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    pq.write_table(pa.table({"prompt": ["a", None]}), path)
    found = db.import_prompts(path, set="beside", skip_bad_rows=True)
    assert found["bad_rows_file"] == f"{path}.bad.jsonl" and Path(found["bad_rows_file"]).exists()


def test_options_are_those_of_the_program(db: ogive.Database, made: Made) -> None:
    rows = [{"instruction": "a", "input": "b"}, {"instruction": "c", "input": ""}]
    found = db.import_prompts(
        rows, set="mapped", fields={"prompt": ["instruction", "input"]}, limit=1
    )
    assert found["imported"] == 1
    assert [row[1] for row in stored(made, "mapped")] == [{"text": "a\n\nb"}]
    asked = [{"question": "a", "choices": ["b", "c"]}]
    with pytest.raises(ogive.ProgramError, match="choices"):
        db.import_prompts(asked, set="choices")
    assert db.import_prompts(asked, set="choices", metadata=["choices"])["imported"] == 1
    chat = [{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}]
    found = db.import_prompts(chat, set="last", last_assistant="candidate")
    assert found["candidates"] == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"x": float("nan")}, "row 0, field 'x': JSON cannot say this value .NaN"),
        ({"x": [{"y": float("inf")}]}, "field 'x': .*infinity"),
        ({"x": b"a"}, "a bytes is nothing of JSON"),
        ({"x": {1: 2}}, "key 1 is no text"),
        ({1: 2}, "names of fields must be texts"),
        ({"x": datetime.date(2026, 1, 1)}, "a date is nothing of JSON"),
        ({"x": {"a"}}, "a set is nothing"),
        (endless(), "row 0 is nested too deeply"),
        ({"x": "\ud800"}, "surrogates"),
        ([("x", 1)], "a list and no dictionary"),
        ("text", "a str and no dictionary"),
    ],
)
def test_rows_that_json_cannot_say_are_refused(row: Any, words: str) -> None:
    with pytest.raises(ogive.OgiveError, match=words):
        list(_json_rows.of_rows([row]))


# "a", and a byte that begins no character.
BYTES = pa.Array.from_buffers(
    pa.string(), 2, [None, pa.array([0, 1, 2], pa.int32()).buffers()[1], pa.py_buffer(b"a\xff")]
)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (pa.array([b"a"]), "column 'x' is of type binary"),
        (pa.array([[{"y": b"a"}]]), "column 'x.*y' is of type binary"),
        (pa.array([1.0, float("nan")]), "row 1, field 'x': .*NaN"),
        (pa.array([datetime.timedelta(1)]), "duration"),
        (pa.array([[(1, 2)]], pa.map_(pa.int64(), pa.int64())), "map<int64"),
        (pa.array(["{}"], pa.json_()), "holds JSON as text"),
        (BYTES, "row 1, field 'x': its bytes are not UTF-8"),
        (pa.StructArray.from_arrays([BYTES], ["y"]), "row 1, field 'x': its bytes"),
    ],
)
def test_columns_that_json_cannot_say_are_refused(array: pa.Array, words: str) -> None:
    with pytest.raises(ogive.OgiveError, match=words):
        list(_json_rows.of_batches(pa.table({"x": array}).to_batches()))


def test_nested_values_nulls_and_times_are_kept() -> None:
    rows = [
        {"x": [{"at": datetime.datetime(2026, 1, 2, 3, 4, 5, 678), "n": None}, None]},
        {"x": None},
        {"x": []},
    ]
    table = pa.Table.from_pylist(rows)
    for part in (table, table.slice(1), table.slice(0, 1)):
        lines = b"".join(_json_rows.of_batches(part.to_batches())).splitlines()
        found = [json.loads(line) for line in lines]
        wanted = json.loads(json.dumps(part.to_pylist(), default=lambda v: v.isoformat(" ")))
        assert found == wanted
    with pytest.raises(ogive.OgiveError, match="two columns are named 'x'"):
        list(_json_rows.of_batches(pa.table([[1], [2]], names=["x", "x"]).to_batches()))


def test_columns_become_the_lines_that_json_writes() -> None:
    table = pa.table(
        {
            "text": ['a "b"\n\t\x01\\ é 日本 \U0001f600\u2028', None, ""],
            "escapes": ['\\"a\\" "\n\r', None, "\t日本\x7f\u2028"],
            "large": pa.array(["x", "y", None], pa.large_string()),
            "kind": pa.array(["c", None, "c"]).dictionary_encode(),
            "int": pa.array([1, None, -(1 << 63)]),
            "bool": [True, None, False],
            "float": [1.0, 0.1, None],
            "none": pa.nulls(3),
            "list": [[1, None], None, []],
            "struct": [{"a": "x", "b": None}, None, {"a": None, "b": 1.5}],
            'a "name" of 5 %s': [1, 2, 3],
        }
    )
    wanted = [json.dumps(row, ensure_ascii=False) + "\n" for row in table.to_pylist()]
    batches = table.to_batches(2)
    assert b"".join(_json_rows.of_batches(batches)).decode() == "".join(wanted)


def test_what_is_no_source_is_refused(db: ogive.Database, tmp_path: Path) -> None:
    saved = datasets.Dataset.from_dict({"prompt": ["a"]})
    datasets.DatasetDict({"a": saved, "b": saved}).save_to_disk(str(tmp_path / "two"))
    (tmp_path / "apart").mkdir()
    pq.write_table(pa.table({"a": [1]}), tmp_path / "apart" / "train-00000-of-00002.parquet")
    pq.write_table(pa.table({"b": [1]}), tmp_path / "apart" / "train-00001-of-00002.parquet")
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.parquet").write_text("PAR1")
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "state.json").write_text('{"_data_files": [{"filename": "../x"}]}')
    for source, words in (
        (tmp_path / "no.jsonl", "there is no"),
        (tmp_path / "no", "there is no"),
        (tmp_path / "two", "splits a, b: choose one, as in .*two/b"),
        (tmp_path / "apart", "other columns than"),
        (tmp_path / "empty", "neither Parquet files nor"),
        (tmp_path / "bad.parquet", "cannot be read"),
        (tmp_path / "evil", "no file of its own"),
        (datasets.DatasetDict({"train": saved}), "DatasetDict of train is not rows"),
        ({"prompt": "a"}, "is not rows"),
        (b"abc", "no source"),
        (7, "no source"),
    ):
        with pytest.raises(ogive.OgiveError, match=words):
            db.import_prompts(source, set="never")
    with pytest.raises(ogive.OgiveError, match="has no split 'c'"):
        db.import_prompts(tmp_path / "two", set="never", split="c")


def test_a_source_that_fails_imports_nothing(db: ogive.Database, made: Made) -> None:
    def failing() -> Iterator[dict[str, str]]:
        yield {"prompt": "a"}
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"):
        db.import_prompts(failing(), set="half")
    assert stored(made, "half") == []
