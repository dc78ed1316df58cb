"""Plain data between a completion's process and the judge of its tests.

Both run this text, in sandboxes of their own. A message is a JSON object behind 4 bytes of length.
JSON's own types stand for themselves; any other is an object of one member that names the type.
What comes out of `decode` are exact builtin types, whatever the other side sent.
"""

import json
import os

MESSAGE_BYTES_MAX = 8 << 20
DEPTH_MAX = 100


class NotPlain(Exception):
    """The value cannot be handed over."""


class TooLarge(NotPlain):
    """The value is plain data, but too much of it."""


class Malformed(Exception):
    """The other side sent what is no message."""


def integer(value):
    value = int.__int__(value)
    return value if -(1 << 63) <= value < 1 << 63 else {"int": "%x" % value}


ENCODERS = [
    (bool, lambda value, inner: value),
    (int, lambda value, inner: integer(value)),
    (float, lambda value, inner: float.__float__(value)),
    (str, lambda value, inner: str.__str__(value)),
    (list, lambda value, inner: [inner(each) for each in list.__iter__(value)]),
    (tuple, lambda value, inner: {"tuple": [inner(each) for each in tuple.__iter__(value)]}),
    (dict, lambda value, inner: {
        "dict": [[inner(key), inner(each)] for key, each in dict.items(value)]}),
    (set, lambda value, inner: {"set": [inner(each) for each in set.__iter__(value)]}),
    (frozenset, lambda value, inner: {
        "frozenset": [inner(each) for each in frozenset.__iter__(value)]}),
    (bytes, lambda value, inner: {"bytes": bytes.hex(value)}),
    (bytearray, lambda value, inner: {"bytearray": bytearray.hex(value)}),
    (complex, lambda value, inner: {"complex": [float(value.real), float(value.imag)]}),
]
DECODERS = {
    "int": lambda content, inner: int(content, 16),
    "tuple": lambda content, inner: tuple(inner(each) for each in content),
    "dict": lambda content, inner: {inner(key): inner(each) for key, each in content},
    "set": lambda content, inner: {inner(each) for each in content},
    "frozenset": lambda content, inner: frozenset(inner(each) for each in content),
    "bytes": lambda content, inner: bytes.fromhex(content),
    "bytearray": lambda content, inner: bytearray.fromhex(content),
    "complex": lambda content, inner: complex(*content),
}


def encode(value, exact=False, depth=0):
    """JSON for a value. An object of a type derived from a builtin one becomes the builtin one, or
    raises NotPlain with `exact`."""
    if value is None:
        return None
    if depth > DEPTH_MAX:
        raise TooLarge(f"a value nested deeper than {DEPTH_MAX}")
    kind = type(value)
    for base, encoder in ENCODERS:
        if kind is base or (not exact and issubclass(kind, base)):
            return encoder(value, lambda each: encode(each, exact, depth + 1))
    raise NotPlain(f"a `{kind.__name__}`")


def decode(data, depth=0):
    """The value that JSON stands for. Raises what builtin types raise when it stands for none."""
    if depth > DEPTH_MAX + 1:
        raise Malformed("nested too deep")
    if type(data) is list:
        return [decode(each, depth + 1) for each in data]
    if type(data) is dict:
        (kind, content), = data.items()
        return DECODERS[kind](content, lambda each: decode(each, depth + 1))
    return data


def send(descriptor, message):
    data = json.dumps(message).encode()
    if len(data) > MESSAGE_BYTES_MAX:
        raise TooLarge(f"a value of more than {MESSAGE_BYTES_MAX >> 20} MiB")
    rest = memoryview(len(data).to_bytes(4, "big") + data)
    while rest:
        rest = rest[os.write(descriptor, rest):]


def receive(descriptor):
    """The next message; raises EOFError when there is no more."""
    length = int.from_bytes(exactly(descriptor, 4), "big")
    if length > MESSAGE_BYTES_MAX:
        raise Malformed(f"a message of {length} bytes")
    data = exactly(descriptor, length)
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Malformed("no JSON") from error
    if type(message) is not dict:
        raise Malformed("no object")
    return message


def exactly(descriptor, length):
    parts = []
    while length:
        part = os.read(descriptor, min(length, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def quiet():
    """Moves standard input and output elsewhere, where no code that is run here prints."""
    moved = os.dup(0), os.dup(1)
    nothing = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    return moved
