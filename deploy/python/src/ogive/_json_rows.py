"""Rows of Arrow and of Python as JSON Lines. What JSON cannot say is refused, with its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ogive.errors import OgiveError

_ADVICE = "make it a text, or leave it out"


def of_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """A line for each row of batches that have one schema."""
    first = 0
    for batch in batches:
        if first == 0:
            _require_names(batch.schema)
        batch = pa.RecordBatch.from_arrays(
            [_plain(batch.column(i), name) for i, name in enumerate(batch.schema.names)],
            batch.schema.names,
        )
        for number, row in enumerate(batch.to_pylist(maps_as_pydicts="strict"), first):
            yield _line(row, number)
        first += len(batch)


def of_rows(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """A line for each dictionary. Numbers and arrays of numpy are taken for Python's."""
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise OgiveError(f"row {number} is a {type(row).__name__} and no dictionary")
        yield _line({name: _value(v, number, str(name)) for name, v in row.items()}, number)


def _line(row: dict[str, Any], number: int) -> bytes:
    try:
        if all(type(name) is str for name in row):
            return json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except (ValueError, TypeError, RecursionError) as error:
        for name, value in row.items():
            try:
                json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
            except (ValueError, TypeError, RecursionError) as reason:
                raise _refusal(number, name, reason) from error
        raise OgiveError(f"row {number}: {error}") from error
    raise OgiveError(f"row {number}: the names of fields must be texts")


def _refusal(number: int, name: object, reason: Exception) -> OgiveError:
    what = "NaN or an infinity" if "float values" in str(reason) else str(reason)
    return OgiveError(f"row {number}, field {name!r}: JSON cannot say this value ({what})")


def _value(value: object, number: int, place: str) -> Any:
    """A value of which `json` makes what it means; it would turn other keys into texts."""
    if isinstance(value, Mapping):
        if other := [name for name in value if not isinstance(name, str)]:
            raise OgiveError(f"row {number}, field {place!r}: the key {other[0]!r} is no text")
        return {name: _value(item, number, f"{place}.{name}") for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_value(item, number, f"{place}[{i}]") for i, item in enumerate(value)]
    if value is None or type(value) in (str, int, float, bool):
        return value
    convert: Callable[[], Any] | None = getattr(value, "tolist", None)
    if convert is not None:  # of numpy
        return _value(convert(), number, place)
    raise OgiveError(
        f"row {number}, field {place!r}: a {type(value).__name__} is nothing of JSON; {_ADVICE}"
    )


def _require_names(schema: pa.Schema) -> None:
    if twice := {name for name in schema.names if schema.names.count(name) > 1}:
        raise OgiveError(f"two columns are named {sorted(twice)[0]!r}")


def _plain(array: pa.Array, name: str) -> pa.Array:
    """An array of types that JSON has; times become ISO 8601 texts."""
    kind = array.type
    if _is_plain(kind):
        return array
    if isinstance(kind, pa.JsonType):
        raise OgiveError(f"column {name!r} holds JSON as text: make lists and structs of it")
    if pa.types.is_dictionary(kind):
        return _plain(array.dictionary_decode(), name)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
        return pc.cast(array, pa.string())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        made = pa.ListArray if pa.types.is_list(kind) else pa.LargeListArray
        values = _plain(array.values, f"{name}[]")
        return made.from_arrays(array.offsets, values, mask=_mask(array))
    if pa.types.is_struct(kind):
        fields = [kind.field(i).name for i in range(kind.num_fields)]
        children = [_plain(array.field(i), f"{name}.{f}") for i, f in enumerate(fields)]
        return pa.StructArray.from_arrays(children, fields, mask=_mask(array))
    raise OgiveError(f"column {name!r} is of type {kind}, which JSON has not; {_ADVICE}")


def _mask(array: pa.Array) -> pa.Array | None:
    return pc.is_null(array) if array.null_count else None


def _is_plain(kind: pa.DataType) -> bool:
    types = pa.types
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _is_plain(kind.value_type)
    if types.is_struct(kind):
        return all(_is_plain(kind.field(i).type) for i in range(kind.num_fields))
    if types.is_map(kind):
        return types.is_string(kind.key_type) and _is_plain(kind.item_type)
    return any(
        test(kind)
        for test in (
            types.is_null,
            types.is_boolean,
            types.is_integer,
            types.is_floating,
            types.is_string,
            types.is_large_string,
            types.is_string_view,
        )
    )
