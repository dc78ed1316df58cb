"""The columns of every kind of rows: names, SQL and Arrow types, declared and never inferred.

Documents (`jsonb`) are JSON texts, of type string; numbers with a fraction are float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

TEXT: Final = pa.string()
FLOAT: Final = pa.float64()
LONG: Final = pa.int64()
INT: Final = pa.int32()
BOOL: Final = pa.bool_()
TIME: Final = pa.timestamp("us", tz="UTC")
FLOATS: Final = pa.list_(pa.field("item", FLOAT))
INTS: Final = pa.list_(pa.field("item", INT))


@dataclass(frozen=True)
class Column:
    """A column of a result.

    Attributes:
        name: Its name, the same in SQL and in Arrow.
        type: Its Arrow type.
        nullable: Whether it may be NULL.
        sql: The expression that gives it; its name when empty.
    """

    name: str
    type: pa.DataType
    nullable: bool = False
    sql: str = ""

    @property
    def selected(self) -> str:
        """The column in a list of SELECT."""
        return f"{self.sql} AS {self.name}" if self.sql else self.name


@dataclass(frozen=True)
class Columns:
    """The columns of one kind of rows, and their order.

    Attributes:
        kind: The name of the kind, as the method of `Run` is called.
        columns: In order.
        order: What the rows are sorted by.
    """

    kind: str
    columns: tuple[Column, ...]
    order: str

    @property
    def schema(self) -> pa.Schema:
        """The declared Arrow schema."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])

    @property
    def selected(self) -> str:
        """The list of a SELECT."""
        return ", ".join(column.selected for column in self.columns)


_PROMPT = (
    Column("prompt_id", LONG),
    Column("prompt_key", TEXT),
)
_DOCUMENT = Column("prompt", TEXT, sql="prompt::text")
_TOKENS = (
    Column("token_ids", INTS, nullable=True),
    Column(
        "token_log_probabilities", FLOATS, nullable=True, sql="token_log_probabilities::float8[]"
    ),
)

TABLES: Final = Columns(
    "tables",
    (
        *_PROMPT,
        Column("n", INT),
        Column("draws", INT),
        Column("complete", BOOL),
        Column("degenerate", BOOL),
        Column("rewards", FLOATS),
        Column("draw_indexes", INTS),
        Column("draw_rewards", FLOATS),
    ),
    "prompt_id",
)

TRAINING_ROWS: Final = Columns(
    "training_rows",
    (
        *_PROMPT,
        _DOCUMENT,
        Column("item_kind", TEXT),
        Column("item_index", INT),
        Column("label", TEXT, nullable=True),
        Column("completion", TEXT),
        Column("truncated", BOOL, nullable=True),
        Column("reward", FLOAT),
        Column("quantile_reward", FLOAT, nullable=True),
        Column("standard_error", FLOAT, nullable=True),
        Column("n", INT),
        Column("complete", BOOL),
        Column("degenerate", BOOL),
        Column("ref_log_probability", FLOAT, nullable=True),
        Column("token_count", INT, nullable=True),
        Column("log_z", FLOAT, nullable=True),
        Column("target", FLOAT, nullable=True),
        Column("text_is_lossy", BOOL),
        Column("effective_beta", FLOAT, nullable=True),
        Column("beta_log_partition", FLOAT, nullable=True),
    ),
    "prompt_id, item_kind DESC, item_index",
)

PAIRS: Final = Columns(
    "pairs",
    (
        *_PROMPT,
        _DOCUMENT,
        Column("pair_index", INT),
        Column("chosen", TEXT),
        Column("rejected", TEXT),
        Column("chosen_kind", TEXT),
        Column("chosen_index", INT),
        Column("rejected_kind", TEXT),
        Column("rejected_index", INT),
        Column("chosen_reward", FLOAT),
        Column("rejected_reward", FLOAT),
        Column("reward_gap", FLOAT),
        Column("chosen_quantile_reward", FLOAT),
        Column("rejected_quantile_reward", FLOAT),
        Column("ref_chosen_log_probability", FLOAT, nullable=True),
        Column("ref_rejected_log_probability", FLOAT, nullable=True),
        Column("n", INT),
        Column("rewards", FLOATS),
        Column("draw_rewards", FLOATS),
        Column("chosen_truncated", BOOL, nullable=True),
        Column("rejected_truncated", BOOL, nullable=True),
        Column("text_is_lossy", BOOL),
    ),
    "prompt_id, pair_index",
)

COMPLETIONS: Final = Columns(
    "completions",
    (
        *_PROMPT,
        Column("draw_index", INT),
        Column("text", TEXT),
        Column("reward", FLOAT, nullable=True),
        Column("quantile_reward", FLOAT, nullable=True),
        Column("log_probability", FLOAT, nullable=True),
        Column("token_count", INT, nullable=True),
        Column("finish_reason", TEXT),
        Column("truncated", BOOL),
        Column("seed", LONG, nullable=True),
        Column("worker", TEXT, nullable=True, sql="worker::text"),
        Column("sample_ms", FLOAT, nullable=True, sql="sample_ms::float8"),
        Column("landed_at", TIME),
        Column("raw", pa.binary(), nullable=True),
        Column("text_is_lossy", BOOL),
        *_TOKENS,
    ),
    "prompt_id, draw_index",
)

CANDIDATES: Final = Columns(
    "candidates",
    (
        *_PROMPT,
        Column("candidate_index", INT),
        Column("label", TEXT),
        Column("text", TEXT),
        Column("metadata", TEXT, nullable=True, sql="metadata::text"),
        Column("reward", FLOAT, nullable=True),
        Column("quantile_reward", FLOAT, nullable=True),
        Column("log_probability", FLOAT, nullable=True),
        Column("token_count", INT, nullable=True),
        *_TOKENS,
    ),
    "prompt_id, candidate_index",
)

FAILURES: Final = Columns(
    "failures",
    (
        *_PROMPT,
        Column("item_kind", TEXT),
        Column("item_index", INT),
        Column("stage", TEXT),
        Column("code", TEXT),
        Column("message", TEXT),
        Column("attempts", INT),
        Column("worker", TEXT, nullable=True, sql="worker::text"),
        Column("failed_at", TIME),
    ),
    "prompt_id, item_kind DESC, item_index",
)

VALUE_ROWS: Final = Columns(
    "value_rows",
    (
        *_PROMPT,
        _DOCUMENT,
        Column("n", INT),
        Column("complete", BOOL),
        Column("value", FLOAT),
        Column("standard_error", FLOAT, nullable=True),
        Column("soft_value", FLOAT),
        Column("minimum", FLOAT),
        Column("maximum", FLOAT),
    ),
    "prompt_id",
)

PROMPT_FEATURES: Final = Columns(
    "prompt_features",
    (
        *_PROMPT,
        Column("n", INT),
        Column("mean", FLOAT),
        Column("spread", FLOAT, nullable=True),
        Column("skewness", FLOAT, nullable=True),
        Column("kurtosis", FLOAT, nullable=True),
        Column("minimum", FLOAT),
        *(Column(f"p{p:02}", FLOAT) for p in (5, 10, 25, 50, 75, 90, 95)),
        Column("maximum", FLOAT),
        Column("effective_count", FLOAT),
        Column("draws", LONG),
        Column("mean_tokens", FLOAT, nullable=True),
        Column("spread_tokens", FLOAT, nullable=True),
        Column("truncated_share", FLOAT, nullable=True),
        Column("mean_log_probability", FLOAT, nullable=True),
        Column("prompt_characters", LONG),
        Column("candidates", INT),
    ),
    "prompt_id",
)

QUANTILE_REWARDS: Final = Columns(
    "quantile_rewards",
    (
        Column("prompt_key", TEXT),
        Column("reward", FLOAT),
        Column("quantile_reward", FLOAT, nullable=True),
        Column("standard_error", FLOAT, nullable=True),
        Column("n", INT),
        Column("complete", BOOL),
    ),
    "place",
)

STATUS: Final = Columns(
    "status",
    (
        Column("run", TEXT),
        Column("state", TEXT),
        Column("prompt_set", TEXT),
        Column("prompts", LONG),
        Column("draws", INT),
        Column("target_draws", LONG),
        Column("sampled", LONG),
        Column("landed", LONG),
        Column("failures", LONG),
        Column("pending", LONG),
        Column("target_candidates", LONG),
        Column("landed_candidates", LONG),
        Column("candidate_failures", LONG),
        Column("target_log_probabilities", LONG),
        Column("landed_log_probabilities", LONG),
        Column("log_probability_failures", LONG),
        Column("tokens", LONG, nullable=True),
        Column("truncated", LONG, nullable=True),
        Column("mean_reward", FLOAT, nullable=True),
        Column("weight", FLOAT),
        Column("submitted_at", TIME),
        Column("finished_at", TIME, nullable=True),
        Column("policy", TEXT, nullable=True),
        Column("scorer", TEXT, nullable=True),
        Column("synthetic", BOOL),
        Column("samples", BOOL),
    ),
    "submitted_at",
)

DRIFT: Final = Columns(
    "drift",
    (
        *_PROMPT,
        Column("n", INT),
        Column("other_n", INT),
        Column("complete", BOOL),
        Column("ks_distance", FLOAT),
        Column("ks_p_value", FLOAT),
        Column("mean", FLOAT),
        Column("other_mean", FLOAT),
        Column("mean_shift", FLOAT),
        Column("mean_shift_standard_error", FLOAT, nullable=True),
        Column("quantile_shifts", FLOATS),
    ),
    "prompt_id",
)

PASS_RATES: Final = Columns(
    "pass_rates",
    (
        *_PROMPT,
        Column("n", INT),
        Column("draws", INT),
        Column("complete", BOOL),
        Column("passed", INT),
        Column("pass_rate", FLOAT),
        Column("lower", FLOAT),
        Column("upper", FLOAT),
        Column("pass_at", FLOATS),
    ),
    "prompt_id",
)

KINDS: Final = {
    columns.kind: columns
    for columns in (
        TABLES,
        TRAINING_ROWS,
        PAIRS,
        COMPLETIONS,
        CANDIDATES,
        FAILURES,
        VALUE_ROWS,
        PROMPT_FEATURES,
    )
}
