"""Parquet for the program `ogive`, which has no reader of its own.

    python3 -m ogive._parquet read PATH                        rows as JSON Lines on stdout
    python3 -m ogive._parquet write PATH --schema SCHEMA.json  JSON Lines on stdin to a file

PATH is a Parquet file or, to read, a folder of `datasets`, or FOLDER/SPLIT. SCHEMA.json is
{"columns": [{"name": …, "type": …, "nullable": true}]}. A type is a name of `_TYPES`, a list of one
type for lists of it, or an object of types for a struct with these fields; items and fields are
never null. The file gets its name when it is whole. Exit code 1, with one line on stderr, where
something is wrong.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ogive.errors import OgiveError, missing

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 4096
_INTEGERS = range(-(1 << 63), 1 << 63)


def read(path: Path, output: IO[bytes]) -> None:
    """Writes the rows of a file or a folder as JSON Lines."""
    from ogive import _columnar_files, _json_rows

    for lines in _json_rows.of_batches(_columnar_files.batches(path)):
        output.write(lines)
    output.flush()


def write(path: Path, schema: Path, lines: Iterable[bytes]) -> None:
    """Writes JSON Lines to a Parquet file with the declared columns."""
    from ogive.table import write_parquet

    columns = _columns(schema)
    write_parquet(path, _schema(columns), _batches(columns, lines))


class _Column:
    """A declared column."""

    def __init__(self, entry: object, where: Path) -> None:
        fields = entry if isinstance(entry, dict) else {}
        name, kind = fields.get("name"), fields.get("type")
        nullable = fields.get("nullable", False)
        if not isinstance(name, str) or not _is_type(kind) or not isinstance(nullable, bool):
            raise OgiveError(
                f"{where}: {entry} is no column; types are {', '.join(_TYPES)}, [TYPE] and "
                '{"FIELD": TYPE}'
            )
        self.name, self.kind, self.nullable = name, kind, nullable
        self.read = _reader(kind)

    def value(self, row: dict[str, Any], line: int) -> Any:
        """The column's value of a row."""
        found = row.get(self.name)
        if found is None:
            if not self.nullable:
                raise OgiveError(f"line {line}: {self.name!r} is missing or null")
            return None
        try:
            return self.read(found)
        except (ValueError, TypeError) as error:
            raise OgiveError(
                f"line {line}: {self.name!r} is no {_name(self.kind)}: {error}"
            ) from error


def _is(kind: type, value: Any) -> Any:
    # A truth value is an int in Python.
    if type(value) is not kind:
        raise TypeError(f"a {type(value).__name__}")
    return value


def _text(value: Any) -> str:
    found: str = _is(str, value)
    found.encode()  # refuses halves of surrogate pairs
    return found


def _integer(value: Any) -> int:
    if _is(int, value) not in _INTEGERS:
        raise ValueError("more than 64 bits")
    return int(value)


def _float(value: Any) -> float:
    found = float(value if type(value) is int else _is(float, value))
    if not math.isfinite(found):
        raise ValueError(f"{found}")
    return found


def _document(value: Any) -> str:
    return _text(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def _time(value: Any) -> datetime:
    text = _text(value)
    # Python 3.10 does not read the Z.
    found = datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") else text)
    if found.tzinfo is None:
        raise ValueError("it has no time zone")
    return found


_TYPES: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "int64": _integer,
    "float64": _float,
    "bool": lambda value: _is(bool, value),
    "json": _document,
    "timestamp": _time,
}


def _is_type(kind: Any) -> bool:
    if isinstance(kind, list):
        return len(kind) == 1 and _is_type(kind[0])
    if isinstance(kind, dict):
        # Parquet has no struct without fields.
        return bool(kind) and all(_is_type(field) for field in kind.values())
    return isinstance(kind, str) and kind in _TYPES


def _name(kind: Any) -> str:
    return kind if isinstance(kind, str) else json.dumps(kind, ensure_ascii=False)


def _reader(kind: Any) -> Callable[[Any], Any]:
    """What reads a value of a type."""
    if isinstance(kind, str):
        return _TYPES[kind]
    if isinstance(kind, list):
        item = _reader(kind[0])
        return lambda value: [item(found) for found in _is(list, value)]
    fields = {name: _reader(field) for name, field in kind.items()}

    def read(value: Any) -> dict[str, Any]:
        if _is(dict, value).keys() != fields.keys():
            raise ValueError(f"it has the fields {', '.join(map(repr, value)) or 'none'}")
        return {name: field(value[name]) for name, field in fields.items()}

    return read


def _columns(path: Path) -> list[_Column]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise OgiveError(f"{path} cannot be read: {error}") from error
    entries = found.get("columns") if isinstance(found, dict) else None
    if not isinstance(entries, list) or not entries:
        raise OgiveError(f"{path} has no list `columns`")
    columns = [_Column(entry, path) for entry in entries]
    if len({column.name for column in columns}) < len(columns):
        raise OgiveError(f"{path} names a column twice")
    return columns


def _schema(columns: list[_Column]) -> pa.Schema:
    import pyarrow as pa

    kinds = {
        "text": pa.string(),
        "int64": pa.int64(),
        "float64": pa.float64(),
        "bool": pa.bool_(),
        "json": pa.string(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }

    def arrow(kind: Any) -> pa.DataType:
        if isinstance(kind, list):
            return pa.list_(arrow(kind[0]))
        if isinstance(kind, dict):
            return pa.struct([pa.field(name, arrow(field)) for name, field in kind.items()])
        return kinds[kind]

    return pa.schema([pa.field(c.name, arrow(c.kind), nullable=c.nullable) for c in columns])


def _batches(columns: list[_Column], lines: Iterable[bytes]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    schema = _schema(columns)
    names = {column.name for column in columns}
    numbered = ((n, line) for n, line in enumerate(lines, 1) if line.strip())
    while rows := [(n, _row(line, n, names)) for n, line in islice(numbered, _BATCH_ROWS)]:
        arrays = [
            pa.array([column.value(row, n) for n, row in rows], schema.field(column.name).type)
            for column in columns
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _row(line: bytes, number: int, names: set[str]) -> dict[str, Any]:
    try:
        row = json.loads(line, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise OgiveError(f"line {number}: no JSON: {error}") from error
    if not isinstance(row, dict):
        raise OgiveError(f"line {number}: no object")
    if unknown := row.keys() - names:
        raise OgiveError(f"line {number}: {min(unknown)!r} is no declared column")
    return row


def _refused(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def main(words: list[str] | None = None) -> int:
    """Reads or writes; what goes wrong becomes one line."""
    parser = argparse.ArgumentParser(prog="python3 -m ogive._parquet")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("read").add_argument("path", type=Path)
    writer = commands.add_parser("write")
    writer.add_argument("path", type=Path)
    writer.add_argument("--schema", type=Path, required=True)
    found = parser.parse_args(words)
    try:
        if found.command == "read":
            read(found.path, sys.stdout.buffer)
        else:
            write(found.path, found.schema, sys.stdin.buffer)
    except BrokenPipeError:
        # Who read has gone, and needs no more; Python's own end must not write there again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ModuleNotFoundError as error:
        return _failed(missing("data", error))
    except (OgiveError, OSError) as error:
        return _failed(error)
    return 0


def _failed(error: Exception) -> int:
    print(" ".join(str(error).split()), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
