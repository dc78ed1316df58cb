"""The messages of ogive.proto, and what they have to do with prompts and completions."""
import json
import sys
import tempfile
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
LOG_PROBABILITY = wire.ItemName.KIND_CANDIDATE_LOG_PROBABILITY
FINISH_REASONS = {
    "stop": wire.Completion.FINISH_REASON_STOP,
    "length": wire.Completion.FINISH_REASON_LENGTH,
    "other": wire.Completion.FINISH_REASON_OTHER,
}


def key_of(name):
    """A lease's name as a key of a dictionary."""
    return name.term, name.task, name.epoch


def fill_in(result, answer, spec):
    """Puts a completion into a result; gives its text. Raises what is wrong with it. A number of
    tokens that cannot be is one that is not reported."""
    if isinstance(answer, Failed):
        raise answer
    try:
        size = len(answer.text.encode())
    except UnicodeEncodeError as error:
        raise Failed("malformed", f"the completion is not UTF-8: {error}") from None
    if size > TEXT_BYTES:
        raise Failed("too_large", f"the completion has {size} bytes: lower max_tokens")
    count, most = answer.token_count, spec["scoring"]["sampling"]["parameters"]["max_tokens"]
    if count is not None and count > most + size + UNCOUNTED_TOKENS:
        count = None
    result.completion.CopyFrom(wire.Completion(
        text=answer.text, finish_reason=FINISH_REASONS[answer.finish_reason],
        token_count=count, log_probability=answer.log_probability))
    return answer.text


def parts_of(items):
    """Cuts results into parts that fit a message, beside the claim of the lease."""
    parts, size = [[]], 0
    for item in items:
        bytes_of_item = item.ByteSize() + 8
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
