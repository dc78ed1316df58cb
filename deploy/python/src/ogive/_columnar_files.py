"""Parquet files, and the folders of `datasets`, batch by batch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ogive.errors import OgiveError

_BATCH_ROWS = 4096
# As `datasets` names the files of a split: train-00000-of-00002.parquet, name-train.arrow.
_SHARD = re.compile(r"-\d+-of-\d+$")


def is_columnar(path: Path) -> bool:
    """Whether this reader is for a path: a folder, a Parquet file, or a split within a folder."""
    if path.exists():
        return path.is_dir() or path.suffix == ".parquet"
    return path.suffix in ("", ".parquet") and path.parent.is_dir()


def batches(path: Path, split: str | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a file, or of a split of a folder, in order.

    `FOLDER/SPLIT` names a split, too.

    Raises:
        OgiveError: If there is nothing to read, several splits and none is chosen, or files that
            differ in their columns.
    """
    if not path.exists() and path.parent.is_dir() and split is None:
        known = _splits(path.parent)
        if path.name not in known:
            raise OgiveError(f"there is no {path}")
        return _files(known[path.name])
    if not path.exists():
        raise OgiveError(f"there is no {path}")
    if path.is_file():
        return _files([path])
    known = _splits(path)
    if not known:
        raise OgiveError(f"{path} has neither Parquet files nor a data set of `datasets`")
    if split is None and len(known) > 1:
        raise OgiveError(
            f"{path} has the splits {', '.join(name or '(unnamed)' for name in sorted(known))}: "
            f"choose one, as in {path / max(known)}"
        )
    chosen = next(iter(known)) if split is None else split
    if chosen not in known:
        raise OgiveError(f"{path} has no split {chosen!r}; it has {', '.join(sorted(known))}")
    return _files(known[chosen])


def _splits(folder: Path) -> dict[str, list[Path]]:
    """The files of each split of a folder, in their order."""
    if (folder / "dataset_dict.json").is_file():
        names = _object(folder / "dataset_dict.json").get("splits")
        if not isinstance(names, list):
            raise OgiveError(f"{folder / 'dataset_dict.json'} names no splits")
        return {str(name): _saved(folder / str(name)) for name in names}
    if (folder / "state.json").is_file():
        return {"": _saved(folder)}
    found: dict[str, list[Path]] = {}
    for path in sorted([*folder.glob("*.parquet"), *folder.glob("*/*.parquet")]):
        found.setdefault(_split_of_parquet(path), []).append(path)
    if found:
        return found
    # The cache of `datasets`; what it computed there has names of its own.
    for path in sorted(folder.glob("*.arrow")):
        if not path.name.startswith(("cache-", "tmp")):
            name = _SHARD.sub("", path.stem)
            found.setdefault(name.rpartition("-")[2], []).append(path)
    return found


def _split_of_parquet(path: Path) -> str:
    return _SHARD.sub("", path.stem) if _SHARD.search(path.stem) else ""


def _saved(folder: Path) -> list[Path]:
    """The files of a folder that `save_to_disk` wrote."""
    state = _object(folder / "state.json")
    if state.get("_indices_data_files"):
        raise OgiveError(f"{folder} was saved with indices by an old `datasets`: save it again")
    files = state.get("_data_files")
    if not isinstance(files, list) or not all(isinstance(file, dict) for file in files):
        raise OgiveError(f"{folder / 'state.json'} names no files")
    names = [str(file.get("filename")) for file in files]
    if bad := [name for name in names if Path(name).name != name]:
        raise OgiveError(f"{folder / 'state.json'} names {bad[0]!r}, which is no file of its own")
    return [folder / name for name in names]


def _object(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise OgiveError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise OgiveError(f"{path} is no object of JSON")
    return found


def _files(paths: list[Path]) -> Iterator[pa.RecordBatch]:
    schema: pa.Schema | None = None
    for path in paths:
        try:
            for batch in _file(path):
                if schema is None:
                    schema = batch.schema
                elif not batch.schema.equals(schema):
                    raise OgiveError(f"{path} has other columns than {paths[0]}")
                yield batch
        except (pa.ArrowException, OSError) as error:
            raise OgiveError(f"{path} cannot be read: {error}") from error


def _file(path: Path) -> Iterator[pa.RecordBatch]:
    if path.suffix != ".arrow":
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=_BATCH_ROWS)
        return
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as stream:
        yield from stream
