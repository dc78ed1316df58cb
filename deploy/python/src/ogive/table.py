"""Rows of a run as an Arrow table, and as what others make of one."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from ogive import _display
from ogive.errors import OgiveError, missing

# What a message of a prompt may have, in the order of the columns.
_MESSAGE_FIELDS = ("role", "content", "name", "tool_calls", "tool_call_id", "reasoning_content")
_COMPLETIONS = ("completion", "chosen", "rejected")


class Table:
    """Rows with declared types, of one state of a run.

    `pyarrow.table(t)`, `polars.DataFrame(t)` and everything else that reads Arrow's C streams take
    it as it is. Documents, such as `prompt`, are JSON texts; `to_dataset` makes chats of them.
    """

    def __init__(self, arrow: pa.Table, kind: str) -> None:
        self._arrow, self._kind = arrow, kind

    @property
    def kind(self) -> str:
        """What the rows are: the name of the method of `Run` that reads them."""
        return self._kind

    @property
    def schema(self) -> pa.Schema:
        """The declared Arrow schema."""
        return self._arrow.schema

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self._arrow.column_names)

    def __len__(self) -> int:
        return int(self._arrow.num_rows)

    def __getitem__(self, column: str) -> pa.ChunkedArray:
        if column not in self._arrow.column_names:
            raise KeyError(f"no column {column!r}; there are {', '.join(self.column_names)}")
        return self._arrow[column]

    def __repr__(self) -> str:
        return f"<ogive.Table {self._kind}: {len(self)} rows of {', '.join(self.column_names)}>"

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._arrow.__arrow_c_stream__(requested_schema)

    def to_arrow(self) -> pa.Table:
        """The `pyarrow.Table`."""
        return self._arrow

    def to_pylist(self) -> list[dict[str, Any]]:
        """A dictionary for each row."""
        rows: list[dict[str, Any]] = self._arrow.to_pylist()
        return rows

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with Arrow's types: integers stay integers beside NULLs."""
        try:
            import pandas as pd
        except ImportError as error:
            raise missing("data", error) from error
        return self._arrow.to_pandas(types_mapper=pd.ArrowDtype)

    def to_polars(self) -> Any:
        """A `polars.DataFrame`."""
        try:
            import polars as pl
        except ImportError as error:
            raise OgiveError("polars is not installed: pip install polars") from error
        return pl.from_arrow(self._arrow)

    def to_dataset(self) -> Any:
        """A `datasets.Dataset` as trainers read it.

        A prompt is a text, or a list of messages; then completions are lists of one message: TRL's
        standard and conversational formats, as `ogive export` writes them. `tools` is a column
        where prompts have some.

        Raises:
            OgiveError: If some prompts are chats and others plain texts.
        """
        try:
            import datasets
        except ImportError as error:
            raise missing("data", error) from error
        # Its own fingerprint is a hash of all rows, pickled.
        return datasets.Dataset(conversational(self._arrow), fingerprint=uuid.uuid4().hex)

    def to_parquet(self, path: str | os.PathLike[str]) -> Path:
        """Writes a Parquet file, whole or not at all."""
        return write_parquet(path, self.schema, self._arrow.to_batches())

    def _repr_html_(self) -> str:
        return _display.table(self._kind, self._arrow)


def write_parquet(
    path: str | os.PathLike[str], schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> Path:
    """Writes batches to a file that gets its name when it is complete on the disk."""
    import pyarrow.parquet as pq

    path = Path(path)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with draft.open("xb") as file:
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                for batch in batches:
                    writer.write_batch(batch)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def conversational(table: pa.Table) -> pa.Table:
    """The table with prompts and completions in the formats of TRL."""
    if "prompt" not in table.column_names or not table.num_rows:
        return table
    # Each prompt once: the rows of a prompt repeat it.
    encoded = table["prompt"].dictionary_encode().unify_dictionaries()
    places = pa.chunked_array([chunk.indices for chunk in encoded.chunks], pa.int32())
    contents = [json.loads(text) for text in encoded.chunk(0).dictionary.to_pylist()]
    chats = [content for content in contents if "messages" in content]
    if chats and len(chats) < len(contents):
        raise OgiveError(
            f"{len(chats)} prompts are chats and {len(contents) - len(chats)} plain texts, which "
            "trainers do not mix: take to_arrow(), where a prompt is a JSON text"
        )
    if not chats:
        texts = pa.array([content["text"] for content in contents], pa.string())
        return _replaced(table, "prompt", texts.take(places))
    table = _replaced(table, "prompt", _messages(chats).take(places))
    if any("tools" in chat for chat in chats):
        tools = pa.array([_text(chat.get("tools")) for chat in chats], pa.string())
        table = table.append_column("tools", tools.take(places))
    for name in _COMPLETIONS:
        if name in table.column_names:
            table = _replaced(table, name, _answers(table[name]))
    return table


def _replaced(table: pa.Table, name: str, array: pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, array)


def _messages(chats: list[dict[str, Any]]) -> pa.Array:
    found = {field for chat in chats for message in chat["messages"] for field in message}
    names = [n for n in _MESSAGE_FIELDS if n in found or n in ("role", "content")]
    kind = pa.list_(pa.struct([(name, pa.string()) for name in names]))
    return pa.array(
        [[{n: _text(m.get(n)) for n in names} for m in chat["messages"]] for chat in chats], kind
    )


def _text(value: object) -> str | None:
    # Tools and their calls are JSON as text already; whatever else is no text becomes one.
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _answers(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    chunks = []
    for chunk in texts.chunks:
        roles = pa.array(["assistant"] * len(chunk), pa.string())
        struct = pa.StructArray.from_arrays([roles, chunk], ["role", "content"])
        chunks.append(pa.ListArray.from_arrays(pa.array(range(len(chunk) + 1), pa.int32()), struct))
    kind = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    return pa.chunked_array(chunks, kind)
