"""Runs a completion and calls its function as the judge asks. Runs in a sandbox, behind the text of
sandbox_values.py; the limits are its argument.

The completion may do all it likes with this process: nothing in here knows a test, an expected
value or what has passed. All that leaves are values, which the judge decodes and compares.
"""

import builtins
import resource
import sys


def plainly(error):
    """An exception as the nearest builtin one."""
    kind = next(kind for kind in type(error).__mro__ if vars(builtins).get(kind.__name__) is kind)
    try:
        arguments = encode(list(error.args))
    except NotPlain:
        arguments = [str(error)]
    return {"raised": kind.__name__, "with": arguments}


def answer(candidate, call):
    arguments, named = decode(call["given"])
    try:
        reply = {"value": encode(candidate(*arguments, **named))}
    except NotPlain as error:
        reply = {"odd": str(error)}
    except BaseException as error:
        reply = plainly(error)
    given = encode([arguments, named])
    if given != call["given"]:
        reply["given"] = given
    return reply


def serve(calls, replies):
    send(replies, {"ready": True})
    job = receive(calls)
    module = type(sys)("solution")
    sys.modules["solution"] = module
    try:
        exec(compile(job["program"], "solution", "exec"), module.__dict__)
        candidate = module.__dict__[job["entry_point"]]
    except BaseException as error:
        send(replies, {"failed": f"{type(error).__name__}: {error}"[:200]})
        return
    send(replies, {"loaded": True})
    while True:
        call = receive(calls)
        try:
            send(replies, answer(candidate, call))
        except (NotPlain, RecursionError) as error:
            send(replies, {"odd": str(error)})


for name, value in json.loads(sys.argv[1]).items():
    resource.setrlimit(getattr(resource, name), (value, value))
try:
    serve(*quiet())
except (EOFError, OSError):
    pass
