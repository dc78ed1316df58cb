"""The messages of ogive.proto, and what they have to do with prompts and completions."""
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from models import Failed, Prompt

MESSAGE_BYTES = 32 << 20  # the bounds of ogive.proto
TEXT_BYTES = 16 << 20
UNCOUNTED_TOKENS = 256  # of a completion, beside max_tokens and the bytes of its text


def load_protocol():
    """The messages of ogive.proto: `ogive_pb2.py` where there is one (`protoc --python_out`), else
    compiled now."""
    try:
        import ogive_pb2
    except ModuleNotFoundError:
        from grpc_tools import protoc

        proto = Path(__file__).resolve().parents[2] / "Sources/OgiveWire/ogive.proto"
        with tempfile.TemporaryDirectory() as folder:
            if protoc.main(["", f"-I{proto.parent}", f"--python_out={folder}", proto.name]):
                sys.exit(f"worker.py: {proto} cannot be compiled")
            sys.path.insert(0, folder)
            import ogive_pb2

            sys.path.remove(folder)
    return ogive_pb2


wire = load_protocol()
LOG_PROBABILITY = wire.ItemNames.KIND_CANDIDATE_LOG_PROBABILITY
Columns = wire.ItemResults
FINISH_REASONS = {
    "stop": Columns.FINISH_REASON_STOP,
    "length": Columns.FINISH_REASON_LENGTH,
    "other": Columns.FINISH_REASON_OTHER,
}


@dataclass
class Item:
    """An item of a lease, and what became of it. Its `text` came with the lease, if it has one;
    `completion` are the bytes of one that was sampled."""

    kind: int
    index: int
    text: str | None = None
    completion: bytes | None = None
    finish_reason: int = 0
    token_count: int | None = None
    log_probability: float | None = None
    seed: int | None = None
    sample_nanoseconds: int | None = None
    reward: float | None = None
    failure: object = None

    def byte_count(self):
        """No less than it takes in a message."""
        failure = self.failure.ByteSize() if self.failure else 0
        return 128 + len(self.completion or b"") + failure


def items_of(lease):
    """The items of a lease: their names are two columns, and their texts one run of bytes."""
    items, start = [], 0
    for place, (kind, index) in enumerate(zip(lease.items.kinds, lease.items.indexes)):
        item = Item(kind, index)
        if lease.text_bytes:
            end = start + lease.text_bytes[place]
            item.text, start = lease.texts[start:end].decode(), end
        items.append(item)
    return items


def names_of(items):
    """The names of items as columns."""
    return wire.ItemNames(kinds=[i.kind for i in items], indexes=[i.index for i in items])


def columns_of(items):
    """What became of items as columns: an entry of `has` for each, and in every other column one
    for each item that has it."""
    columns = Columns(names=names_of(items))
    texts = []
    for item in items:
        has = 0
        if item.completion is not None:
            has |= Columns.HAS_COMPLETION
            texts.append(item.completion)
            columns.text_bytes.append(len(item.completion))
            columns.finish_reasons.append(item.finish_reason)
        for flag, column, value in (
                (Columns.HAS_TOKEN_COUNT, columns.token_counts, item.token_count),
                (Columns.HAS_LOG_PROBABILITY, columns.log_probabilities, item.log_probability),
                (Columns.HAS_SEED, columns.seeds, item.seed),
                (Columns.HAS_SAMPLE_NANOSECONDS, columns.sample_nanoseconds,
                 item.sample_nanoseconds),
                (Columns.HAS_REWARD, columns.rewards, item.reward),
                (Columns.HAS_FAILURE, columns.failures, item.failure)):
            if value is not None:
                has |= flag
                column.append(value)
        columns.has.append(has)
    columns.texts = b"".join(texts)
    return columns


def key_of(name):
    """A lease's name as a key of a dictionary."""
    return name.term, name.task, name.epoch


def fill_in(item, answer, spec):
    """Puts a completion into an item; gives its text. Raises what is wrong with it. A number of
    tokens that cannot be is one that is not reported."""
    if isinstance(answer, Failed):
        raise answer
    try:
        completion = answer.text.encode()
    except UnicodeEncodeError as error:
        raise Failed("malformed", f"the completion is not UTF-8: {error}") from None
    size = len(completion)
    if size > TEXT_BYTES:
        raise Failed("too_large", f"the completion has {size} bytes: lower max_tokens")
    count, most = answer.token_count, spec["scoring"]["sampling"]["parameters"]["max_tokens"]
    if count is not None and count > most + size + UNCOUNTED_TOKENS:
        count = None
    item.completion, item.token_count = completion, count
    item.finish_reason = FINISH_REASONS[answer.finish_reason]
    item.log_probability = answer.log_probability
    return answer.text


def parts_of(items):
    """Cuts results into parts that fit a message, beside the claim of the lease."""
    parts, size = [[]], 0
    for item in items:
        bytes_of_item = item.byte_count()
        if parts[-1] and size + bytes_of_item > MESSAGE_BYTES - (1 << 20):
            parts.append([])
            size = 0
        parts[-1].append(item)
        size += bytes_of_item
    return parts


def prompt_of(prompt):
    answer = Prompt(key=prompt.key, metadata=json.loads(prompt.metadata_json or "{}"))
    if prompt.WhichOneof("content") == "text":
        answer.text = prompt.text
        return answer
    answer.tools = json.loads(prompt.chat.tools_json) if prompt.chat.tools_json else None
    answer.messages = []
    for turn in prompt.chat.turns:
        message = {"role": turn.role, "content": turn.content}
        for name in ("name", "reasoning_content", "tool_call_id"):
            if getattr(turn, name):
                message[name] = getattr(turn, name)
        if turn.tool_calls_json:
            message["tool_calls"] = json.loads(turn.tool_calls_json)
        answer.messages.append(message)
    return answer
