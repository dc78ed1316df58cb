"""What can go wrong, as exceptions that say what is wrong, where, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class OgiveError(Exception):
    """Something could not be read, written or done; the message says what to do."""


class ProgramError(OgiveError):
    """The native program `ogive` refused a command.

    Attributes:
        exit_code: The program's: 1 failed, 2 usage, 3 unavailable; negative when a signal ended it.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.exit_code)


class UnknownPrompt(OgiveError, KeyError):  # noqa: N818 - a KeyError, named as the key is
    """A prompt key that the run has not, or whose table is not complete."""

    def __str__(self) -> str:
        # KeyError shows the representation of its text.
        return str(self.args[0]) if self.args else ""


class MissingPackageError(OgiveError, ImportError):
    """A package is not installed that an extra of `ogive` brings."""


def missing(extra: str, error: ImportError) -> MissingPackageError:
    """What to install where an import failed."""
    return MissingPackageError(
        f"{error.name or error} is not installed: pip install 'ogive[{extra}]'"
    )


@contextmanager
def database_errors() -> Iterator[None]:
    """Turns the errors of both drivers into `OgiveError`, with the server's hint."""
    import adbc_driver_manager
    import psycopg
    import pyarrow as pa

    try:
        yield
    except psycopg.Error as error:
        message = error.diag.message_primary or str(error).strip()
        raise OgiveError(_sentence(message, error.diag.message_hint)) from error
    except adbc_driver_manager.Error as error:
        details = {name: value for name, value in error.details if isinstance(name, str | bytes)}
        found = {_text(name): _text(value) for name, value in details.items()}
        message = found.get("PG_DIAG_MESSAGE_PRIMARY") or str(error).strip()
        raise OgiveError(_sentence(message, found.get("PG_DIAG_MESSAGE_HINT"))) from error
    except UnicodeEncodeError as error:
        raise OgiveError(f"{error.object!r} is no valid Unicode: {error.reason}") from error
    except (OSError, pa.ArrowException) as error:
        # While rows come: an error of a statement, or a connection that was lost.
        said = _SERVER.search(str(error).strip())
        message = _sentence(said[1], said[2]) if said else f"reading was cut off: {error}"
        raise OgiveError(message.strip()) from error


# What libpq says of an error of the server, where the driver passes on nothing but the text.
_SERVER = re.compile(r"ERROR:\s+(.*?)(?:\nHINT:\s+(.*?))?(?:\n[A-Z]+:.*)?$", re.DOTALL)


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _sentence(message: str, hint: str | None) -> str:
    return f"{message}. {hint}" if hint else message
