"""Reading of one state of the database, as Arrow with a declared schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

import adbc_driver_postgresql.dbapi
import psycopg
import pyarrow as pa
from psycopg import sql

from ogive.errors import OgiveError, database_errors
from ogive.schemas import Column, Columns

# Every statement of a session sees the rows that were committed before its first one.
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_APPLICATION = "ogive-python"


def connect(conninfo: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection of psycopg for small answers; each statement is a transaction of its own."""
    with database_errors():
        return psycopg.connect(conninfo, autocommit=True, application_name=_APPLICATION)


def quoted(value: object) -> str:
    """A value as a literal of SQL.

    Literals and not parameters: only a statement without parameters can be streamed by COPY.
    """
    with database_errors():
        return sql.Literal(value).as_string(None)


def arguments(values: Mapping[str, object]) -> str:
    """Arguments of a function by name; those that are None keep the function's default."""
    return ", ".join(f"{name} => {quoted(v)}" for name, v in values.items() if v is not None)


class Session:
    """One connection in one read-only transaction: `with Session(conninfo) as session: …`."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: Any = None

    def __enter__(self) -> Session:
        with database_errors():
            # The file of ADBC's driver reads libpq's own keywords.
            self._connection = adbc_driver_postgresql.dbapi.connect(
                psycopg.conninfo.make_conninfo(self._conninfo, application_name=_APPLICATION),
                autocommit=True,
            )
            self._execute(_BEGIN)
            # Statements on tables without statistics seem dear, and compiling them takes seconds.
            self._execute("SET LOCAL jit = off")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()
        self._connection = None

    def _execute(self, statement: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)

    def batches(self, query: str, columns: Columns) -> Iterator[pa.RecordBatch]:
        """The rows of a query, batch by batch: no more than one of them is in memory."""
        with self._connection.cursor() as cursor:
            with database_errors():
                cursor.execute(query)
                reader = cursor.fetch_record_batch()
            while True:
                with database_errors():
                    try:
                        batch = reader.read_next_batch()
                    except StopIteration:
                        return
                yield declared(batch, columns)

    def table(self, query: str, columns: Columns) -> pa.Table:
        """All rows of a query."""
        found = list(self.batches(query, columns))
        return pa.Table.from_batches(found) if found else columns.schema.empty_table()

    def value(self, query: str) -> Any:
        """The only value of the only row of a query."""
        with database_errors(), self._connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetch_arrow_table().column(0)[0].as_py()


def declared(batch: pa.RecordBatch, columns: Columns) -> pa.RecordBatch:
    """The batch with the declared types.

    Raises:
        OgiveError: If the database gave other columns, another type or a NULL where none may be:
            its schema is another version's.
    """
    if batch.schema.names != columns.schema.names:
        raise OgiveError(f"{columns.kind}: the database gave the columns {batch.schema.names}")
    arrays = [
        _declared(batch.column(number), column, columns.kind)
        for number, column in enumerate(columns.columns)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=columns.schema)


def _declared(array: pa.Array, column: Column, kind: str) -> pa.Array:
    if array.null_count and not column.nullable:
        raise OgiveError(f"{kind}.{column.name}: NULL where the schema allows none")
    if array.type == column.type:
        return array
    try:
        return array.cast(column.type)
    except pa.ArrowException as error:
        raise OgiveError(f"{kind}.{column.name}: {array.type} in place of {column.type}") from error
