"""Sources of prompts, as a file that the program `ogive` reads: there is one reader of rows."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

import pyarrow as pa

from ogive import _columnar_files, _json_rows
from ogive.errors import OgiveError

# What `Database.import_prompts` takes; the last ones by what they can do, not by their class.
Source = Union[str, "os.PathLike[str]", Iterable[Mapping[str, Any]], pa.Table, Any]

_BATCH_ROWS = 4096


@dataclass(frozen=True)
class PromptFile:
    """A file that the program reads.

    Attributes:
        path: The file.
        name: How messages name it.
        origin: The path that it was made from, or that it is; None for an object of Python.
        is_temporary: Whether it goes after the import.
    """

    path: str
    name: str
    origin: Path | None
    is_temporary: bool


@contextmanager
def as_file(source: Source, split: str | None) -> Iterator[PromptFile]:
    """The source as a file, which is a temporary one unless the program reads it as it is."""
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        if not _columnar_files.is_columnar(path):
            if split is not None:
                raise OgiveError(f"{path} has no splits")
            if not path.exists():
                raise OgiveError(f"there is no {path}")
            # Absolute: a name that begins with a hyphen is no option.
            yield PromptFile(str(path.absolute()), str(path), path, is_temporary=False)
            return
        lines, origin = _json_rows.of_batches(_columnar_files.batches(path, split)), path
    else:
        if split is not None:
            raise OgiveError("only folders have splits: give the split itself")
        lines, origin = _lines(source), None
    with tempfile.TemporaryDirectory(prefix="ogive-import-") as folder:
        made = Path(folder) / "rows.jsonl"
        # Written before it is read: of a source that ends with an error nothing is imported.
        with made.open("wb") as file:
            file.writelines(lines)
        yield PromptFile(str(made), str(origin or "the given rows"), origin, is_temporary=True)


def _lines(source: Any) -> Iterator[bytes]:
    """The rows of an object as JSON Lines."""
    kind = type(source)
    module = kind.__module__.partition(".")[0]
    if module == "datasets" and kind.__name__ == "Dataset":
        tables = source.with_format("arrow").iter(batch_size=_BATCH_ROWS)
        return _json_rows.of_batches(b for table in tables for b in table.to_batches())
    if isinstance(source, Mapping):
        names = ", ".join(str(name) for name in list(source)[:5])
        raise OgiveError(f"a {kind.__name__} of {names} is not rows: give one of its values")
    if module == "pandas":
        # Of pandas NaN is what is missing.
        named = any(name is not None for name in source.index.names)
        try:
            table = pa.Table.from_pandas(source, preserve_index=named)
        except pa.ArrowException as error:
            raise OgiveError(f"the data frame has a column of several types: {error}") from error
        return _json_rows.of_batches(table.to_batches(_BATCH_ROWS))
    if hasattr(source, "__arrow_c_stream__"):
        return _json_rows.of_batches(pa.RecordBatchReader.from_stream(source))
    if isinstance(source, bytes) or not isinstance(source, Iterable):
        raise OgiveError(f"a {kind.__name__} is no source of prompts")
    return _json_rows.of_rows(source)
