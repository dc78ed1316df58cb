"""Runs the tests of prompts. Runs in a sandbox of its own, behind the text of sandbox_values.py.

For each job it forks. A job comes with three descriptors: the replies of the completion's process,
the calls to it, and where the verdict goes. Each line of the verdict is the job's nonce and JSON:
what it is, and a number or a text. The completion's process has none of this: it gets arguments and
gives values back, so that only what it computes can make a test pass.
"""

import ast
import builtins
import json
import os
import resource
import re
import socket
import symtable
import sys
import threading

EXCEPTIONS = {
    name: kind for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, BaseException)
}


# What ends a loop or a thread without a word, as if all had been said: the code's own must not.
ENDINGS = (StopIteration, StopAsyncIteration)


class Refused(BaseException):
    """The tests cannot be used, whatever the completion is."""


def holds(statement):
    return any(isinstance(inner, ast.Assert) for inner in ast.walk(statement))


def graded(statement, number):
    """A statement that reports whether it passes."""
    code = (f"try:\n    pass\n    _passed({number})\n"
            f"except BaseException as _error:\n    _failed({number}, _error)")
    wrapper = ast.parse(code).body[0]
    wrapper.body[0] = statement
    return wrapper


def instrumented(source):
    """The tests with each statement of `check` that holds an assertion reporting; how many."""
    try:
        tests = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise Refused(f"`test` does not compile: {error}") from error
    checks = [node for node in tests.body
              if isinstance(node, ast.FunctionDef) and node.name == "check"]
    if not checks:
        raise Refused("`test` defines no function `check`")
    body, total = [], 0
    for statement in checks[-1].body:
        if holds(statement):
            statement = graded(statement, total)
            total += 1
        body.append(statement)
    if not total:
        raise Refused("`check` of `test` asserts nothing")
    checks[-1].body = body
    return compile(ast.fix_missing_locations(tests), "tests", "exec"), total


def names_used(source):
    """The names that tests take from elsewhere."""
    tables = [symtable.symtable(source, "tests", "exec")]
    used, defined = set(), set(vars(builtins))
    for table in tables:
        tables.extend(table.get_children())
        for symbol in table.get_symbols():
            if table is tables[0] or symbol.is_global():
                bound = symbol.is_assigned() or symbol.is_imported()
                (defined if bound else used).add(symbol.get_name())
    return used - defined


def helpers(texts):
    """What the first text that runs defines. A prompt is half a program: its last function may
    have no body yet."""
    for text in texts:
        fences = re.findall(r"```(?:python|py)?[ \t]*\n(.*?)(?:```|\Z)", text, re.DOTALL)
        for code in (text, *fences[-1:]):
            for whole in (code, code + "\n    pass\n"):
                space = {"__name__": "prompt"}
                try:
                    exec(compile(whole, "prompt", "exec"), space)
                except Exception:
                    continue
                return space
    return {}


def refresh(old, new):
    """Makes an argument what the completion left of it; what is mutable stays the same object."""
    if type(old) is not type(new):
        return new
    if type(old) in (list, tuple):
        merged = [refresh(*pair) for pair in zip(old, new)] + list(new[len(old):])
        if type(old) is tuple:
            return tuple(merged)
        old[:] = merged
        return old
    if type(old) is dict:
        merged = {key: refresh(old[key], each) if key in old else each
                  for key, each in new.items()}
        old.clear()
        old.update(merged)
        return old
    if type(old) is set:
        old.clear()
        old.update(new)
        return old
    if type(old) is bytearray:
        old[:] = new
        return old
    return new


class Judge:
    """Judges one completion by one prompt's tests."""

    def __init__(self, job, replies, calls, verdict):
        self.job, self.replies, self.calls, self.verdict = job, replies, calls, verdict
        self.lock = threading.Lock()
        self.loaded = self.noted = False

    def say(self, kind, value=None):
        line = self.job["nonce"] + json.dumps([kind, value]) + "\n"
        os.write(self.verdict, line.encode())

    def note(self, text):
        """Says the first thing of interest that went wrong."""
        if not self.noted:
            self.say("note", text[:300])
        self.noted = True

    def end(self, note=None):
        """Ends here: whatever the tests catch, nothing passes any more."""
        if note:
            self.note(note)
        self.say("done")
        os._exit(0)

    def run(self):
        threading.excepthook = self.thread_failed
        try:
            check = self.prepared()
            if receive(self.replies) != {"ready": True}:
                return
            self.say("started")
            send(self.calls, {key: self.job[key] for key in ("program", "entry_point")})
            loaded = self.received()
            if loaded != {"loaded": True}:
                self.end(f"the code does not run: {loaded.get('failed', 'no answer')}")
            self.loaded = True
            check(self.candidate())
        except Refused as error:
            self.say("refused", str(error)[:1000])
            return
        except EOFError:
            return
        except BaseException as error:
            self.note(f"`check` ended early: {type(error).__name__}: {error}")
        self.end()

    def thread_failed(self, thrown):
        """Ends here: an error that ends a thread of the tests reaches no assertion."""
        error = thrown.exc_value
        if isinstance(error, Refused):
            self.say("refused", str(error)[:1000])
            os._exit(0)
        self.end(f"a thread of the tests: {thrown.exc_type.__name__}: {error}")

    def prepared(self):
        """The function `check`, ready to be called."""
        source, entry_point = self.job["test"], self.job["entry_point"]
        code, total = instrumented(source)
        space = {}
        missing = names_used(source) - {entry_point}
        if missing:
            space = helpers(self.job["prompts"])
            missing -= space.keys()
        if missing:
            names = ", ".join(f"`{name}`" for name in sorted(missing))
            raise Refused(f"`test` uses {names}, which neither it nor the prompt defines: define "
                          "what the tests need in `test`")
        self.say("total", total)
        space |= {
            "__name__": "tests", entry_point: self.candidate(),
            "_passed": lambda number: self.say("pass", number), "_failed": self.failed,
        }
        try:
            exec(code, space)
        except Exception as error:
            raise Refused(f"`test` does not run: {type(error).__name__}: {error}") from error
        return space["check"]

    def failed(self, number, error):
        if isinstance(error, Refused):
            raise error
        if not isinstance(error, AssertionError):
            self.note(f"assertion {number + 1}: {type(error).__name__}: {error}")

    def candidate(self):
        def candidate(*arguments, **named):
            with self.lock:
                return self.called(arguments, named)
        candidate.__name__ = candidate.__qualname__ = self.job["entry_point"]
        return candidate

    def called(self, arguments, named):
        if not self.loaded:
            raise Refused("`test` calls the function outside of `check`")
        try:
            given = [list(arguments), named]
            send(self.calls, {"given": encode(given, exact=True)})
        except TooLarge as error:
            # A completion's own value may come back to it: no reason to refuse the tests.
            raise ValueError(f"an argument is {error}") from error
        except NotPlain as error:
            raise Refused(f"`test` passes {error}, and only plain data can be handed to the "
                          "sandbox") from error
        except OSError:
            self.end("the code's process ended")
        reply = self.received()
        try:
            if "given" in reply:
                left_arguments, left_named = decode(reply["given"])
                if type(left_arguments) is not list or type(left_named) is not dict:
                    raise Malformed("no arguments")
                refresh(given[0], left_arguments)
                refresh(given[1], left_named)
            if "value" in reply:
                return decode(reply["value"])
            if "odd" in reply:
                error = TypeError(f"the value is {reply['odd']}, and no plain data")
            else:
                error = self.exception(reply)
        except Exception as broken:
            self.end(f"the code's process sent no value: {type(broken).__name__}")
        raise error

    def exception(self, reply):
        kind, arguments = EXCEPTIONS[reply["raised"]], decode(reply["with"])
        if issubclass(kind, ENDINGS) or not issubclass(kind, Exception):
            return RuntimeError(f"the code raised {kind.__name__}", *arguments)
        try:
            return kind(*arguments)
        except (TypeError, ValueError):
            return Exception(*arguments)

    def received(self):
        try:
            return receive(self.replies)
        except (EOFError, OSError):
            self.end("the code's process ended")
        except Malformed as error:
            self.end(f"the code's process sent no value: {error}")


def serve(connection):
    """Takes jobs until the scorer ends."""
    while True:
        header, descriptors, _, _ = socket.recv_fds(connection, 4, 3)
        if not header:
            return
        source = connection.fileno()
        header += exactly(source, 4 - len(header))
        job = json.loads(exactly(source, int.from_bytes(header, "big")))
        worker = os.fork()
        if worker == 0:
            connection.close()
            for name, value in json.loads(sys.argv[1]).items():
                resource.setrlimit(getattr(resource, name), (value, value))
            try:
                Judge(job, *descriptors).run()
            finally:
                os._exit(1)
        for descriptor in descriptors:
            os.close(descriptor)
        os.waitpid(worker, 0)


serve(socket.socket(fileno=quiet()[0]))
