"""Quantile tables in a memory-mapped file, for look-ups inside a training loop.

The file is a header of JSON, then arrays of 8-byte numbers: the ends of keys and of tables, a hash
table of the keys, the sorted rewards of all prompts, and the keys as UTF-8.
"""

from __future__ import annotations

import json
import mmap
import os
import shutil
import struct
import sys
import tempfile
import uuid
import weakref
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa

from ogive.errors import OgiveError, UnknownPrompt

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Ties = Literal["right", "left", "mid"]

_MAGIC = b"OGIVEREF"
_VERSION = 1
_START = struct.Struct("<8sII")  # magic, version, bytes of the header
_ALIGNMENT = 64
_ARRAYS = ("key_ends", "reward_ends", "slots", "rewards")
_EMPTY = -1  # of a slot
_TEMPORARY = "ogive-reference-"  # a folder of a file that nobody named


def _hash(key: bytes) -> int:
    # Nobody can choose keys that collide.
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "little")


class Reference:
    """The quantile tables of a run, read where they lie: `run.reference()` makes one.

    Processes that open the same file share its pages, forked ones as well. A pickle holds the
    path alone: the file must be there where it is loaded. Floats are compared as they are stored.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = str(Path(path).resolve())
        self._folder: weakref.finalize[..., Any] | None = None
        try:
            with Path(path).open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                self._header = _read_header(file, size, self._path)
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError as error:
            raise OgiveError(
                f"{self._path} is not there: a temporary file goes with the object that made it; "
                "run.reference(PATH) makes one that stays"
            ) from error
        begins = self._header["begins"]
        counts = self._header["counts"]
        view = memoryview(self._map)

        def array(name: str) -> memoryview[int]:
            return view[begins[name] : begins[name] + 8 * counts[name]]

        self._key_ends = array("key_ends").cast("q")
        self._reward_ends = array("reward_ends").cast("q")
        self._slots = array("slots").cast("q")
        self._rewards = array("rewards").cast("d")
        self._keys = view[begins["keys"] : begins["keys"] + counts["keys"]]
        self._mask = len(self._slots) - 1

    @property
    def path(self) -> str:
        """The file."""
        return self._path

    @property
    def run(self) -> str:
        """The name of the run."""
        return str(self._header["run"])

    @property
    def snapshot(self) -> str | None:
        """The snapshot; None for the state at the time when the file was made."""
        found = self._header["snapshot"]
        return None if found is None else str(found)

    def __len__(self) -> int:
        return len(self._key_ends) - 1

    def __iter__(self) -> Iterator[str]:
        return (self._key(place).decode() for place in range(len(self)))

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._find(key) is not None

    def __repr__(self) -> str:
        name = self.run if self.snapshot is None else f"{self.run}@{self.snapshot}"
        return (
            f"<ogive.Reference of {name!r}: {len(self):,} tables, {len(self._rewards):,} rewards>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._path,)

    def _key(self, place: int) -> bytes:
        return bytes(self._keys[self._key_ends[place] : self._key_ends[place + 1]])

    def _find(self, key: str) -> int | None:
        try:
            wanted = key.encode()
        except UnicodeEncodeError:
            return None
        except AttributeError:
            raise TypeError(f"prompt keys are texts, and {key!r} is none") from None
        slots, ends, mask = self._slots, self._key_ends, self._mask
        slot = _hash(wanted) & mask
        # The table is half empty at least, so that this ends.
        while (place := slots[slot]) != _EMPTY:
            if self._keys[ends[place] : ends[place + 1]] == wanted:
                return place
            slot = (slot + 1) & mask
        return None

    def _bounds(self, key: str) -> tuple[int, int]:
        place = self._find(key)
        if place is None:
            # The path of a temporary file tells a reader nothing.
            is_temporary = Path(self._path).parent.name.startswith(_TEMPORARY)
            source = "" if is_temporary else f", as {self._path} has it"
            raise UnknownPrompt(f"no complete table of prompt {key!r} in run {self.run!r}{source}")
        return self._reward_ends[place], self._reward_ends[place + 1]

    def table(self, key: str) -> NDArray[np.float64]:
        """The sorted rewards of a prompt, not to be written to.

        Raises:
            UnknownPrompt: If it has no complete table.
        """
        low, high = self._bounds(key)
        begin = self._header["begins"]["rewards"] + 8 * low
        return np.frombuffer(self._map, dtype=np.float64, count=high - low, offset=begin)

    def quantile_reward(self, key: str, reward: float, ties: Ties = "right") -> float:
        """The share of a prompt's reference rewards that are at most `reward`.

        Args:
            key: The prompt's key.
            reward: A finite raw reward.
            ties: "right" counts references <= reward, the estimator of arXiv 2507.08068; "left"
                counts references < reward; "mid" is the mean of both.

        Raises:
            UnknownPrompt: If the prompt has no complete table.
            TypeError: If the reward is no number, as a text of digits.
            OgiveError: If the reward is not finite: an error is never a score.
        """
        low, high = self._bounds(key)
        try:
            finite = reward - reward == 0  # NaN and infinities give NaN, which is not 0
        except TypeError:
            raise TypeError(
                f"the reward of prompt {key!r} is {reward!r}, a {type(reward).__name__}: "
                "give a number"
            ) from None
        if not finite:
            raise OgiveError(f"the reward of prompt {key!r} is {reward!r}, which is not finite")
        if ties == "right":
            return (bisect_right(self._rewards, reward, low, high) - low) / (high - low)
        before = bisect_left(self._rewards, reward, low, high) - low
        if ties == "left":
            return before / (high - low)
        if ties != "mid":
            raise ValueError(f"ties is {ties!r}; choose right, left or mid")
        upto = bisect_right(self._rewards, reward, low, high) - low
        return (before + upto) / (2 * (high - low))

    def standard_error(self, key: str, reward: float) -> float:
        """sqrt(q (1 - q) / n) of `quantile_reward`, as `ogive.quantile_standard_error`."""
        q = self.quantile_reward(key, reward)
        low, high = self._bounds(key)
        return float((q * (1 - q) / (high - low)) ** 0.5)

    def quantile_rewards(
        self, keys: Iterable[str], rewards: ArrayLike, ties: Ties = "right"
    ) -> NDArray[np.float64]:
        """`quantile_reward` of many rewards, each of the prompt at the same place of `keys`.

        Raises:
            ValueError: If there are not as many rewards as keys.
            TypeError: If rewards are texts.
            UnknownPrompt, OgiveError: As `quantile_reward`.
        """
        given = np.asarray(rewards)
        if given.dtype.kind in "US":  # numpy would read the digits
            raise TypeError("the rewards are texts: give numbers")
        numbers = given.astype(np.float64, copy=False)
        if numbers.ndim != 1:
            raise ValueError(
                f"rewards have the shape {numbers.shape}; give one number for each key"
            )
        pairs = zip(keys, numbers.tolist(), strict=True)
        return np.array([self.quantile_reward(k, r, ties) for k, r in pairs], dtype=np.float64)

    def _keep(self, folder: str) -> None:
        """Removes `folder` when this object, and not a copy of it in a child, has gone."""
        self._folder = weakref.finalize(self, _remove, folder, os.getpid())


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _read_header(file: IO[bytes], size: int, path: str) -> dict[str, Any]:
    """The header of a file that is whole; refuses everything else."""
    problem = OgiveError(f"{path} is no file of a reference, or not whole: make it again")
    start = file.read(_START.size)
    if len(start) < _START.size:
        raise problem
    magic, version, length = _START.unpack(start)
    if magic != _MAGIC or length > size:
        raise problem
    if version != _VERSION:
        raise OgiveError(f"{path} has the version {version} of its format: make it again")
    try:
        header: dict[str, Any] = json.loads(file.read(length))
        counts, begins = header["counts"], header["begins"]
        whole = size == header["size"] and all(
            0 <= begins[name] <= begins[name] + 8 * counts[name] <= size for name in _ARRAYS
        )
        slots = counts["slots"]
        whole = whole and slots & (slots - 1) == 0 and slots >= 2 * (counts["key_ends"] - 1) > -1
        whole = whole and 0 <= begins["keys"] <= begins["keys"] + counts["keys"] <= size
    except (ValueError, KeyError, TypeError) as error:
        raise problem from error
    if not whole:
        raise problem
    if header["byte_order"] != sys.byteorder:
        raise OgiveError(f"{path} was made on a machine of the other byte order: make it again")
    return header


def write(
    path: str | os.PathLike[str] | None,
    batches: Iterable[pa.RecordBatch],
    run: str,
    snapshot: str | None,
) -> Reference:
    """Writes the file from batches of (prompt_key, rewards), and opens it.

    Without a path it is in a temporary folder, which goes when the returned object does.
    """
    if path is None:
        folder = tempfile.mkdtemp(prefix=_TEMPORARY)
        try:
            found = write(Path(folder) / "reference.ogive", batches, run, snapshot)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        found._keep(folder)
        return found
    path = Path(path)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with draft.open("xb") as file:
            _write(file, batches, run, snapshot)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return Reference(path)


def _write(
    file: IO[bytes], batches: Iterable[pa.RecordBatch], run: str, snapshot: str | None
) -> None:
    # The rewards, which are most of it, go to the file as they come; the header is written last,
    # into the place that is left for it.
    names = json.dumps([run, snapshot])
    room = -(-(_START.size + len(names) + 600) // _ALIGNMENT) * _ALIGNMENT
    file.seek(room)
    keys, key_lengths, counts = bytearray(), [0], [np.zeros(1, dtype=np.int64)]
    for batch in batches:
        for key in batch.column("prompt_key").to_pylist():
            encoded = key.encode()
            keys += encoded
            key_lengths.append(len(encoded))
        rewards = batch.column("rewards")
        counts.append(np.diff(rewards.offsets.to_numpy()).astype(np.int64))
        file.write(np.ascontiguousarray(rewards.flatten().to_numpy(), dtype=np.float64).data)
    reward_ends = np.cumsum(np.concatenate(counts))
    key_ends = np.cumsum(np.array(key_lengths, dtype=np.int64))
    begins = {"rewards": room}
    for name, array in (
        ("key_ends", key_ends),
        ("reward_ends", reward_ends),
        ("slots", _slots(keys, key_ends)),
    ):
        begins[name] = file.tell()
        file.write(array.data)
    begins["keys"] = file.tell()
    file.write(keys)
    size = file.tell()
    header = {
        "run": run,
        "snapshot": snapshot,
        "byte_order": sys.byteorder,
        "size": size,
        "begins": begins,
        "counts": {
            "key_ends": len(key_ends),
            "reward_ends": len(reward_ends),
            "slots": _slot_count(len(key_ends) - 1),
            "rewards": int(reward_ends[-1]),
            "keys": len(keys),
        },
    }
    text = json.dumps(header).encode()
    if _START.size + len(text) > room:
        raise OgiveError(f"the header of a reference has {len(text)} bytes, and room for {room}")
    file.seek(0)
    file.write(_START.pack(_MAGIC, _VERSION, len(text)) + text)


def _slot_count(keys: int) -> int:
    """Places of a hash table for so many keys: a power of two, half of them empty at least."""
    return 1 << max(1, (2 * keys - 1).bit_length())


def _slots(keys: bytes | bytearray, key_ends: NDArray[np.int64]) -> NDArray[np.int64]:
    slots = [_EMPTY] * _slot_count(len(key_ends) - 1)
    mask = len(slots) - 1
    ends = key_ends.tolist()
    view = memoryview(keys)
    for place in range(len(ends) - 1):
        slot = _hash(bytes(view[ends[place] : ends[place + 1]])) & mask
        while slots[slot] != _EMPTY:
            slot = (slot + 1) & mask
        slots[slot] = place
    return np.array(slots, dtype=np.int64)
