"""The native program `ogive`: where it is, what it says, and the database that it opens."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from ogive.errors import OgiveError, ProgramError

# libpq's environment variables, by its keywords: what `ogive psql --program` sets.
_VARIABLES = {
    "PGHOST": "host",
    "PGHOSTADDR": "hostaddr",
    "PGPORT": "port",
    "PGUSER": "user",
    "PGDATABASE": "dbname",
    "PGPASSWORD": "password",
    "PGPASSFILE": "passfile",
    "PGSERVICE": "service",
    "PGSSLMODE": "sslmode",
    "PGSSLROOTCERT": "sslrootcert",
    "PGSSLCERT": "sslcert",
    "PGSSLKEY": "sslkey",
    "PGGSSENCMODE": "gssencmode",
    "PGOPTIONS": "options",
}

# Says what it was given, and lives until it is told to end, or until every process that has the
# other end of its standard input has ended, however that comes.
_HOLDER = """
import json, os, sys
print(json.dumps({n: v for n, v in os.environ.items() if n.startswith("PG")}), flush=True)
sys.stdin.buffer.read(1)
"""


def find(program: str | os.PathLike[str] | None = None) -> str:
    """The path of the program: the given one, $OGIVE_PROGRAM, beside this Python, or on PATH.

    Raises:
        OgiveError: If there is none.
    """
    named = program or os.environ.get("OGIVE_PROGRAM")
    if named:
        found = shutil.which(named)
        if not found:
            raise OgiveError(f"{os.fspath(named)} is not there, or may not be run")
        return found
    beside = shutil.which("ogive", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("ogive")
    if not found:
        raise OgiveError(
            "the program `ogive` is not on PATH; install it, or set OGIVE_PROGRAM to its path"
        )
    return found


def _message(said: str) -> str:
    """What the program said, without the word in front that its error line has."""
    return "\n".join(line.removeprefix("error: ") for line in said.splitlines())


def call(
    program: str,
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    codes: tuple[int, ...] = (0,),
) -> dict[str, Any]:
    """Runs a command with --json, and returns the object that it prints.

    Raises:
        ProgramError: If it ends with another exit code than `codes`; the message is its own.
    """
    ended = subprocess.run(
        [program, *arguments],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    errors = ended.stderr.decode("utf-8", "replace").strip()
    if ended.returncode not in codes:
        message = _message(errors) or f"exit code {ended.returncode}"
        raise ProgramError(message, ended.returncode)
    try:
        answer = json.loads(ended.stdout)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ProgramError(_message(errors) or "the program printed no JSON", ended.returncode)
    return answer


class Holder:
    """A command that holds the database of a configuration open until `close`.

    An embedded database is started when it does not run, and stopped when its last user has gone.

    Attributes:
        keywords: libpq's keywords of the connection.
    """

    def __init__(self, program: str, config: str, overrides: Sequence[str]) -> None:
        options = [word for override in overrides for word in ("-o", override)]
        command = [program, "psql", "--config", config, *options]
        command += ["--program", sys.executable, "--", "-I", "-c", _HOLDER]
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # a key of the terminal is not for it
            )
            assert process.stdin  # noqa: S101 - pipes, both
            assert process.stdout  # noqa: S101
            with process.stdout as output:
                line = output.readline()
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace").strip()
        if not line:
            process.stdin.close()
            code = process.wait()
            raise ProgramError(_message(said) or f"`ogive psql` ended with exit code {code}", code)
        self._end = weakref.finalize(self, _end, process, process.stdin, os.getpid())
        if said:
            warnings.warn(said, stacklevel=4)
        found = json.loads(line)
        self.keywords = {key: found[name] for name, key in _VARIABLES.items() if found.get(name)}

    def close(self) -> None:
        """Lets the database go."""
        self._end()


def _end(process: subprocess.Popen[bytes], held: IO[bytes], owner: int) -> None:
    # A forked child has the pipe, too, and must not end what its parent uses.
    if os.getpid() != owner:
        return
    # A word, and not the end of the pipe alone: children may still have it.
    with contextlib.suppress(OSError):
        held.write(b"\n")
        held.close()
    process.wait()
