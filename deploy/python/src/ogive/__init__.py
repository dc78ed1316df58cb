"""Quantile rewards of reference completions: read runs of Ogive, train from them, import prompts.

    import ogive

    db = ogive.connect("postgresql://trainer@host/ogive")
    run = db.run("quickstart", snapshot="v1")
    rows = run.training_rows(beta=0.1).to_dataset()
    reference = run.reference()
    reference.quantile_reward("held-out-000", 2.1)

`ogive.torch` has datasets that read page by page.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ogive.errors import OgiveError, ProgramError, UnknownPrompt, missing

if TYPE_CHECKING:
    from ogive._versions import Drift
    from ogive.database import Database, connect
    from ogive.reference import Reference
    from ogive.run import Audit, Run
    from ogive.status import RunStatus
    from ogive.table import Table

__version__ = "0.1.0"

__all__ = [
    "Audit",
    "Database",
    "Drift",
    "OgiveError",
    "ProgramError",
    "Reference",
    "Run",
    "RunStatus",
    "Table",
    "UnknownPrompt",
    "connect",
]

# Loaded when they are used: who has the command only has none of what they are built on.
_HOMES = {
    "Audit": "run",
    "Database": "database",
    "Drift": "_versions",
    "Reference": "reference",
    "Run": "run",
    "RunStatus": "status",
    "Table": "table",
    "connect": "database",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ogive' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(f"ogive.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "ogive").partition(".")[0] == "ogive":
            raise
        raise missing("data", error) from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
