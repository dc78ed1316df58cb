"""A database of Ogive: its runs, and what changes it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ogive import _program, prompts, status
from ogive._session import connect as open_connection
from ogive.errors import OgiveError, ProgramError, database_errors
from ogive.run import Run
from ogive.status import RunStatus

if TYPE_CHECKING:
    from ogive.prompts import Source


class Database:
    """A database of Ogive: `ogive.connect` makes one.

    No connection stays open between two calls, so that it may be copied into other processes. An
    embedded database is held open until `close`, or the end of the process that connected.
    """

    def __init__(
        self, conninfo: str, program: str | os.PathLike[str] | None, holder: _program.Holder | None
    ) -> None:
        self._conninfo, self._program, self._holder = conninfo, program, holder

    @property
    def conninfo(self) -> str:
        """How libpq finds the database, the password included."""
        return self._conninfo

    def close(self) -> None:
        """Lets go of the database. An embedded one stops when nobody else uses it."""
        if self._holder:
            self._holder.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        shown = {k: v for k, v in conninfo_to_dict(self._conninfo).items() if k in _SHOWN}
        return f"<ogive.Database {' '.join(f'{k}={v}' for k, v in shown.items())}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # Who connected holds it open; a copy only knows where it is.
        return Database, (self._conninfo, self._program, None)

    def run(self, name: str, snapshot: str | None = None) -> Run:
        """A run, in its present state or as a snapshot holds it.

        Raises:
            OgiveError: If there is no such run or snapshot; the message names those there are.
        """
        with open_connection(self._conninfo) as connection, database_errors():
            status.require_schema(connection)
            connection.execute("SELECT ogive.snapshot_id(%s, %s)", [name, snapshot])
        return Run(self, name, snapshot)

    def runs(self) -> list[RunStatus]:
        """The status of all runs, in the order of their submission."""
        with open_connection(self._conninfo) as connection:
            status.require_schema(connection)
            return status.read(connection, None)

    def import_prompts(
        self,
        source: Source,
        *,
        set: str,  # noqa: A002 - the word of the command line
        fields: Mapping[str, object] | None = None,
        metadata: Sequence[str] | None = None,
        last_assistant: str | None = None,
        skip_bad_rows: bool = False,
        limit: int | None = None,
        split: str | None = None,
    ) -> dict[str, Any]:
        """Imports prompts by `ogive import`, so that a row means the same wherever it comes from.

        Args:
            source: A path (.jsonl, .json, both also .gz or .zst; .parquet; a folder of `datasets`
                or of Parquet files), a `datasets.Dataset`, a `pandas.DataFrame`, anything that
                gives Arrow streams, or an iterable of dictionaries.
            set: The name of the prompt set.
            fields: `prompts.fields` of the configuration: where rows of another shape have what.
            metadata: `prompts.metadata`: fields that would have a meaning, as metadata.
            last_assistant: "candidate" or "continue": what an assistant's turn at the end is.
            skip_bad_rows: Import the good rows where some are bad. The bad ones go to
                `bad_rows_file` beside a path, and else into the result as the list `bad_rows`.
            limit: Only so many rows.
            split: The split of a folder that has several.

        Returns:
            The object of `ogive import --json`: imported, candidates, duplicates, notes, ….

        Raises:
            ProgramError: If a row is bad, or the program refuses the import for another reason.
            OgiveError: If the source holds what JSON cannot say, as bytes or NaN.
        """
        options = ["--set", set, "--json"]
        options += ["--last-assistant", last_assistant] if last_assistant else []
        options += ["--skip-bad-rows"] if skip_bad_rows else []
        options += ["--limit", str(limit)] if limit is not None else []
        mapped: dict[str, object] = {"fields": dict(fields)} if fields else {}
        mapped |= {"metadata": list(metadata)} if metadata else {}
        extra = {"prompts": {"set": set, **mapped}} if mapped else {}
        with prompts.as_file(source, split) as file:
            try:
                found = self._call(["import", file.path, *options], extra)
            except ProgramError as error:
                message = str(error).replace(file.path, file.name)
                message = message.replace("give --skip-bad-rows", "give skip_bad_rows=True")
                raise ProgramError(message, error.exit_code) from error
            return _with_bad_rows(found, file)

    def submit(
        self, config: str | os.PathLike[str], overrides: Mapping[str, object] | None = None
    ) -> Run:
        """Submits the run of a configuration to this database, for a coordinator to serve.

        Args:
            config: The YAML file; its own `database` is not used.
            overrides: Values in place of the file's, by their path: `{"run.draws": 64}`.

        Raises:
            ProgramError: If the program refuses it; the message says why.
        """
        if not Path(config).is_file():
            raise OgiveError(f"there is no configuration {os.fspath(config)}")
        given = {**(overrides or {}), "database.embedded": None, "database.url": self._url()}
        words = [w for k, v in given.items() for w in ("-o", f"{k}={as_yaml(v)}")]
        program = _program.find(self._program)
        answer = _program.call(
            program, ["submit", os.fspath(config), *words, "--json"], environment=self._secrets()
        )
        return self.run(str(answer["run"]))

    def _call(
        self,
        arguments: list[str],
        extra: Mapping[str, object] | None = None,
        codes: tuple[int, ...] = (0,),
    ) -> dict[str, Any]:
        """A command on this database."""
        program = _program.find(self._program)
        with self._configuration(extra or {}) as path:
            return _program.call(
                program,
                [*arguments, "--config", path],
                environment=self._secrets(),
                codes=codes,
            )

    @contextmanager
    def _configuration(self, extra: Mapping[str, object]) -> Iterator[str]:
        """A configuration that names this database; JSON is YAML."""
        with tempfile.TemporaryDirectory(prefix="ogive-") as folder:
            path = Path(folder) / "ogive.yaml"
            path.write_text(json.dumps({"database": {"url": self._url()}, **extra}))
            yield str(path)

    def _url(self) -> str:
        """The address without the password, as `database.url` wants it."""
        from urllib.parse import quote, urlencode

        keywords = conninfo_to_dict(self._conninfo)
        keywords = {k: v for k, v in keywords.items() if k not in _KEPT_BACK and v is not None}
        return "postgresql:///?" + urlencode(
            {k: str(v) for k, v in keywords.items()}, quote_via=quote
        )

    def _secrets(self) -> dict[str, str]:
        # Not among the arguments, which every process may read.
        password = conninfo_to_dict(self._conninfo).get("password")
        return {"PGPASSWORD": str(password)} if password else {}


def _with_bad_rows(found: dict[str, Any], file: prompts.PromptFile) -> dict[str, Any]:
    """The result with its bad rows where they outlive a temporary file."""
    written = found.get("bad_rows_file")
    if not written or not file.is_temporary:
        return found
    if file.origin is None:
        rows = Path(written).read_text().splitlines()
        return {**found, "bad_rows_file": None, "bad_rows": [json.loads(row) for row in rows]}
    beside = file.origin.with_name(f"{file.origin.name}.bad.jsonl")
    shutil.move(written, beside)
    return {**found, "bad_rows_file": str(beside)}


_SHOWN = ("host", "hostaddr", "port", "user", "dbname", "service")
# `options` makes a reader of the owner of an embedded database.
_KEPT_BACK = ("password", "options")


def as_yaml(value: object) -> str:
    """A value as the program's option `-o KEY=VALUE` takes it."""
    return value if isinstance(value, str) else json.dumps(value)


def connect(
    url: str | None = None,
    *,
    config: str | os.PathLike[str] | None = None,
    overrides: Mapping[str, object] | None = None,
    program: str | os.PathLike[str] | None = None,
) -> Database:
    """Opens a database of Ogive.

    Args:
        url: A URL or connection string of libpq; without it and `config`, libpq's environment
            variables (PGHOST, …) say where the database is.
        config: A configuration of Ogive in place of `url`. Its embedded database is started when
            it does not run, and stopped when its last user has gone.
        overrides: Values in place of the configuration's, by their path.
        program: The native program: default $OGIVE_PROGRAM, else `ogive` beside this Python or on
            PATH. Only a configuration, imports, submissions, audits and snapshots need it.

    Raises:
        OgiveError: If the database cannot be reached.
    """
    if url is not None and config is not None:
        raise OgiveError("give a URL or a configuration, not both")
    if overrides and config is None:
        raise OgiveError("overrides are of a configuration: give config=")
    if config is not None:
        words = [f"{key}={as_yaml(value)}" for key, value in (overrides or {}).items()]
        holder = _program.Holder(_program.find(program), os.fspath(config), words)
        conninfo = make_conninfo(**holder.keywords)
        return Database(conninfo, program, holder)
    with database_errors():
        try:
            conninfo = make_conninfo(url or "")
        except psycopg.ProgrammingError as error:
            # The driver's message may quote the text, and with it a password.
            raise OgiveError(
                "the address cannot be read: write postgresql://user@host:5432/database"
            ) from error.with_traceback(None).__cause__
    open_connection(conninfo).close()
    return Database(conninfo, program, None)
