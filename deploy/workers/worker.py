#!/usr/bin/env python3
"""A worker of Ogive in Python: an example of the protocol, and a frame for models of your own.

    deploy/setup --workers
    .venv-workers/bin/python deploy/workers/worker.py --connect tcp://127.0.0.1:7077

It serves what a file of models says (`--models`, default: synthetic.py; models.py says what such a
file has), alone or beside Ogive's own workers. Sources/OgiveWire/ogive.proto is the protocol. One
thread owns the socket and decides everything; others sample and score.

With keys (`ogive keys --help`): --key gpu-7.key --coordinator-key coordinator.pub.

SIGTERM drains: nothing new is taken, what is begun is delivered. Exit codes: 0 drained, 1 refused,
2 wrong usage, 3 no coordinator answered, 130 ended by a second signal.
"""
import argparse
import collections
import contextlib
import json
import os
import queue
import random
import re
import secrets
import signal
import socket
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import zmq
from zmq.utils.monitor import recv_monitor_message

from connection import LOCAL, connect
from messages import (
    LOG_PROBABILITY, columns_of, fill_in, items_of, key_of, names_of, parts_of, prompt_of, wire)
from models import Failed, Unavailable, load

MAGIC, VERSION = 0x4556474F, 3
REASON_CHARACTERS = 4000
REWARD_MAX = 1e140  # larger ones are refused
PAST_LEASES = 256  # leases that ended and are remembered, in case they come a second time
HELLO_SECONDS, RESEND_SECONDS = 2, 5
UNACKED_LEASES = 256


def say(text):
    """Prints a line. What would steer a terminal is escaped: much of it comes from outside."""
    plain = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    print(f"worker: {plain}", file=sys.stderr, flush=True)


class Held:
    """A lease, from its grant until all of its results are acknowledged."""

    def __init__(self, lease, deadline):
        self.lease = lease
        self.deadline = deadline
        self.future = None
        self.is_dropped = False
        self.parts = None  # number: list of Item; None while there are no results
        self.sent_at = 0.0
        self.items = items_of(lease)
        self.claim = wire.LeaseClaim(
            lease=lease.name, run=lease.run, prompt=lease.prompt.id, seed_base=lease.seed_base,
            items=lease.items, proof=lease.proof)

    def for_hello(self):
        held = wire.HeldLease(claim=self.claim)
        if self.parts is not None:
            open_items = {(i.kind, i.index) for part in self.parts.values() for i in part}
            held.resolved.CopyFrom(names_of(
                [item for item in self.items if (item.kind, item.index) not in open_items]))
        return held


class Worker:
    """The protocol's state, and the loop that owns the socket."""

    def __init__(self, options, models):
        self.options = options
        self.models = models
        self.name = f"{socket.gethostname()}:{os.getpid()} (Python)"
        # Its first bit is set: ZeroMQ keeps names that begin with a zero byte for itself.
        self.incarnation = bytes([secrets.randbits(8) | 0x80]) + secrets.token_bytes(15)
        self.pool = ThreadPoolExecutor(options.threads)
        self.finished = queue.SimpleQueue()
        self.exit_code = None

        self.term = 0
        self.is_registered, self.waits_for = False, None  # the reason of the last Idle before it
        self.hellos_open = 0  # hellos that no welcome answered
        self.heartbeat, self.silence = 2.0, 10.0
        self.runs = {}  # number: specification
        self.declined = {}  # number: reason
        self.held = {}  # key of the name: Held
        self.past = collections.OrderedDict()
        self.last_heard = time.monotonic()
        self.next_hello = self.next_heartbeat = 0.0
        self.credit_sent = None
        self.draining_since = None
        self.signals = 0
        self.obstacle = None  # why there is no connection

    # ---- What the coordinator says

    def receive(self, frame):
        envelope = wire.Envelope()
        try:
            envelope.ParseFromString(frame)
        except Exception:  # a decoder has several kinds of errors
            return
        body = envelope.WhichOneof("body")
        is_known = envelope.protocol_version == VERSION or body == "refused"
        if envelope.magic != MAGIC or not is_known or envelope.worker != self.incarnation:
            return
        self.last_heard = time.monotonic()
        handler = getattr(self, f"on_{body}", None)
        if handler:
            handler(getattr(envelope, body))

    def on_welcome(self, welcome):
        """Registered: leases that are adopted go on under new names, the others are lost."""
        if welcome.term < self.term or (not self.hellos_open and welcome.term == self.term):
            return  # it answers no hello of ours
        self.hellos_open = max(0, self.hellos_open - 1)
        if welcome.term != self.term:
            self.runs.clear()
            self.declined.clear()
        self.term, self.is_registered = welcome.term, True
        self.heartbeat = welcome.heartbeat_nanoseconds / 1e9
        self.silence = welcome.silence_nanoseconds / 1e9
        adopted = {key_of(adoption.old): adoption for adoption in welcome.adopted}
        lost = []
        for key, held in list(self.held.items()):
            adoption = adopted.get(key)
            if adoption is None:
                if key[0] == self.term:
                    lost.append(held.claim.lease)
                self.drop(held)
                continue
            del self.held[key]
            held.claim.lease.CopyFrom(adoption.new)
            held.claim.proof = adoption.proof
            held.deadline = time.monotonic() + held.lease.duration_nanoseconds / 1e9
            self.held[key_of(adoption.new)] = held
        if lost:
            self.send(returned=wire.Returned(leases=lost))
        for held in self.held.values():
            self.deliver(held)
        if self.draining_since is not None:
            self.send(draining=wire.Draining())
        say(f"registered in term {self.term}")

    def on_serve(self, serve):
        spec = json.loads(serve.spec_json)
        if self.runs.get(serve.run) != spec:
            self.declined.pop(serve.run, None)
        self.runs[serve.run] = spec

    def on_leases(self, leases):
        for lease in leases.leases:
            self.on_lease(lease)

    def on_lease(self, lease):
        key = key_of(lease.name)
        is_due = self.is_registered and lease.name.term == self.term
        if not is_due or key in self.held or key in self.past:
            return
        if lease.run in self.declined:
            self.give_back([lease.name], lease.run)
            return
        if lease.run not in self.runs or not self.room():
            self.give_back([lease.name])
            return
        held = Held(lease, time.monotonic() + lease.duration_nanoseconds / 1e9)
        self.held[key] = held
        held.future = self.pool.submit(self.work, held, self.runs[lease.run])

    def on_ack(self, ack):
        for name in ack.results:
            held = self.held.get(key_of(name.lease))
            if held and held.parts is not None:
                held.parts.pop(name.part, None)
                if not held.parts:
                    self.drop(held)

    def on_rejected(self, rejected):
        """The results will not be taken another time either: their lease is over."""
        say(f"the coordinator refuses results of this worker: {rejected.reason}")
        held = self.held.get(key_of(rejected.result.lease))
        if held:
            self.drop(held)

    def on_cancel(self, cancel):
        held = self.held.get(key_of(cancel.lease))
        if held and held.parts is None:
            self.drop(held)

    def on_re_register(self, _):
        if self.is_registered or time.monotonic() >= self.next_hello:
            self.hello()

    def on_idle(self, idle):
        if self.is_registered or idle.reason != self.waits_for:
            say(f"no work for this worker: {idle.reason}")
        self.waits_for = None if self.is_registered else idle.reason

    def on_refused(self, refused):
        say(f"the coordinator refuses this worker: {refused.reason}")
        self.exit_code = 1

    # ---- What the worker says

    def send(self, **body):
        """Sends a message, or loses it: everything that matters is sent again."""
        envelope = wire.Envelope(
            magic=MAGIC, protocol_version=VERSION, term=self.term, worker=self.incarnation, **body)
        try:
            self.socket.send(envelope.SerializeToString(), zmq.NOBLOCK)
        except zmq.Again:
            pass

    def hello(self):
        offer = [[wire.Model(
            kind=model.kind, model=model.model, fingerprint=wire.Fingerprint(facts=model.facts))
            for model in models] for models in (self.models.POLICIES, self.models.SCORERS)]
        for policy in offer[0]:
            policy.log_probability_obstacle = "this worker samples and scores only"
        self.is_registered = False
        self.hellos_open += 1
        # Spread in time, so that a fleet does not speak in chorus.
        self.next_hello = time.monotonic() + HELLO_SECONDS * random.uniform(0.75, 1.25)
        self.credit_sent = self.credit()
        self.send(hello=wire.Hello(
            name=self.name, version="worker.py", policies=offer[0], scorers=offer[1],
            credit=self.credit_sent, in_flight=[held.for_hello() for held in self.held.values()]))

    def deliver(self, held):
        """Sends the results that are not acknowledged."""
        if self.is_registered and held.parts is not None:
            held.sent_at = time.monotonic()
            for number, items in sorted(held.parts.items()):
                self.send(results=wire.Results(results=[wire.Result(
                    part=number, claim=held.claim, items=columns_of(items))]))

    def give_back(self, names, run=0):
        """Gives leases back; with `run`, one that this worker cannot serve."""
        reason = self.declined.get(run, "")[:REASON_CHARACTERS]
        self.send(returned=wire.Returned(leases=names, run=run, reason=reason))

    def credit(self):
        """How many leases are wanted in all: those in work, and as many that wait."""
        return self.options.threads * 2 if self.draining_since is None else 0

    def working(self):
        return [held for held in self.held.values() if held.parts is None]

    def room(self):
        return (len(self.working()) < self.credit()
                and len(self.held) < self.credit() + UNACKED_LEASES)

    def drop(self, held):
        """Forgets a lease; who works on it stops at the next item."""
        held.is_dropped = True
        if held.future:
            held.future.cancel()
        key = key_of(held.claim.lease)
        self.held.pop(key, None)
        self.past[key] = None
        if len(self.past) > PAST_LEASES:
            self.past.popitem(last=False)

    # ---- What time brings

    def keep_time(self):
        now = time.monotonic()
        silence = now - self.last_heard
        if silence >= self.silence:
            self.is_registered = False
        if not self.is_registered:
            patience = self.options.orphan_timeout if self.term else (
                self.options.registration_timeout)
            if silence >= patience:
                say(self.obstacle or f"no coordinator answered for {silence:.0f} s at "
                    f"{self.options.connect}")
                self.exit_code = 1 if self.obstacle else 3
            elif now >= self.next_hello:
                self.hello()
        else:
            is_due = now >= self.next_heartbeat
            if is_due:
                self.next_heartbeat = now + self.heartbeat
                self.send(worker_heartbeat=wire.Heartbeat())
            if is_due or self.credit_sent != self.credit():
                self.credit_sent = self.credit()
                self.send(credit=wire.Credit(leases=self.credit_sent))
        for held in list(self.held.values()):
            if held.parts is None and now >= held.deadline:
                self.drop(held)
            elif held.parts is not None and now - held.sent_at >= RESEND_SECONDS:
                self.deliver(held)
        self.leave_if_drained(now)

    def leave_if_drained(self, now):
        if self.signals and self.draining_since is None:
            say("draining")
            self.draining_since = now
            if self.is_registered:
                self.send(draining=wire.Draining())
            self.return_unfinished(lambda held: held.future.cancel())  # those not begun
        if self.signals > 1:
            self.exit_code = 130
        elif self.draining_since is not None and (
                not self.held or now - self.draining_since >= self.options.drain_timeout):
            self.return_unfinished(lambda held: True)
            self.exit_code = 0

    def return_unfinished(self, is_meant):
        given = [held for held in self.working() if is_meant(held)]
        if given:
            self.give_back([held.claim.lease for held in given])
        for held in given:
            self.drop(held)

    def take_finished(self):
        while not self.finished.empty():
            held, items, reason = self.finished.get()
            if held.is_dropped:
                continue
            if reason is None:
                held.parts = dict(enumerate(parts_of(items)))
                self.deliver(held)
            else:
                run = held.lease.run
                if run not in self.declined:
                    say(f"run {run} cannot be served here: {reason}")
                self.declined[run] = reason
                given = [other for other in self.working() if other.lease.run == run]
                self.give_back([other.claim.lease for other in given], run)
                for other in given:
                    self.drop(other)

    # ---- The work, in other threads

    def work(self, held, spec):
        """Samples and scores the items of a lease, and hands them to the socket's thread."""
        items, reason = [], None
        try:
            reason = self.reason_to_decline(held.items, spec)
            if reason is None:
                items = self.results(held, spec)
        except Unavailable:  # the lease was dropped meanwhile
            pass
        except Exception as error:  # a mistake in the models costs no draw: others do them
            traceback.print_exc()
            reason = f"{type(error).__name__}: {error}"
        self.finished.put((held, items, reason))
        with contextlib.suppress(BlockingIOError):  # full: the loop is awake
            os.write(self.wake[1], b"!")

    def reason_to_decline(self, items, spec):
        if spec["scoring"]["scorer"]["kind"] == "weighted":
            return "worker.py computes no weighted sums"
        if any(item.kind == LOG_PROBABILITY for item in items):
            return "worker.py asks for no log-probabilities"
        decline = getattr(self.models, "decline", None)
        return decline(spec) if decline else None

    def results(self, held, spec):
        prompt = prompt_of(held.lease.prompt)
        seeds = [held.lease.seed_base + i.index for i in held.items if i.text is None]
        begun = time.monotonic_ns()
        drawn = self.patiently(held, self.models.sample, prompt, seeds, spec) if seeds else []
        duration = time.monotonic_ns() - begun
        if len(drawn) != len(seeds):
            raise ValueError(f"sample() gave {len(drawn)} answers to {len(seeds)} seeds")
        answers = iter(zip(seeds, drawn))
        for item in held.items:
            try:
                text = item.text
                if text is None:
                    item.seed, answer = next(answers)
                    item.sample_nanoseconds = duration
                    text = fill_in(item, answer, spec)
                reward = float(self.patiently(held, self.models.score, prompt, text, spec))
                if not abs(reward) <= REWARD_MAX:
                    raise Failed("not_finite", f"the reward is {reward}: it must be a number up "
                                               f"to ±{REWARD_MAX:g}")
                item.reward = reward
            except Failed as failure:
                is_scored = item.text is not None or item.completion is not None
                stage = wire.Failure.STAGE_SCORING if is_scored else wire.Failure.STAGE_SAMPLING
                item.failure = wire.Failure(
                    stage=stage, code=failure.code, message=str(failure)[:REASON_CHARACTERS],
                    attempts=1)
        return held.items

    def patiently(self, held, function, *arguments):
        """Calls a function of the models, again and again while its server is away."""
        pause = 0.25
        while True:
            try:
                return function(*arguments)
            except Unavailable as error:
                if held.is_dropped:
                    raise
                say(f"waiting: {error}")
                time.sleep(pause)
                pause = min(20, pause * 2)

    # ---- The loop

    def run(self):
        """Serves until it is told to leave; gives the exit code."""
        context = zmq.Context()
        self.socket = connect(context, self.options, self.incarnation)
        # Before messages are waited for: an unread monitor would stop ZeroMQ's own thread.
        monitor = self.socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH
            | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
        self.wake = os.pipe()
        for end in self.wake:
            os.set_blocking(end, False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.note_signal)
        # Who starts this process may block them, and that would be inherited.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGINT))
        signal.set_wakeup_fd(self.wake[1], warn_on_full_buffer=False)
        poller = zmq.Poller()
        for source in (self.socket, monitor, self.wake[0]):
            poller.register(source, zmq.POLLIN)
        while self.exit_code is None:
            ready = dict(poller.poll(100))
            if self.wake[0] in ready:
                os.read(self.wake[0], 4096)
            if monitor in ready:
                self.note_handshake(recv_monitor_message(monitor))
            while self.exit_code is None and self.socket.poll(0):
                self.receive(self.socket.recv())
            self.take_finished()
            if self.exit_code is None:
                self.keep_time()
        if self.is_registered:
            self.send(goodbye=wire.Goodbye())
        self.socket.disable_monitor()
        monitor.close()
        self.socket.close()  # lingers, for the last messages
        context.term()
        return self.exit_code

    def note_signal(self, *_):
        self.signals += 1

    def note_handshake(self, event):
        failed = event["event"] != zmq.EVENT_HANDSHAKE_SUCCEEDED
        at = self.options.connect
        if not failed:
            self.obstacle = None
        elif event["event"] == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            self.obstacle = (f"the coordinator at {at} refuses this worker's key: authorise it "
                             "there with `ogive keys authorize`")
        else:
            self.obstacle = (f"what listens at {at} ends the handshake: check --key and "
                             "--coordinator-key, and whether the coordinator has keys")


# ---- The program


def parse(arguments):
    parser = argparse.ArgumentParser(description="A worker of Ogive in Python.")
    parser.add_argument("--connect", required=True, help="tcp://HOST:PORT or ipc://PATH")
    parser.add_argument("--key", help="this worker's file NAME.key; needs --coordinator-key")
    parser.add_argument("--coordinator-key", help="the coordinator's file NAME.pub")
    parser.add_argument("--models", default=Path(__file__).with_name("synthetic.py"),
                        help="a Python file; models.py says what is in it (default: synthetic.py)")
    parser.add_argument("--threads", type=int, default=4, help="leases worked on at once")
    for name, seconds in (("registration", 60), ("orphan", 600), ("drain", 25)):
        parser.add_argument(f"--{name}-timeout", type=float, default=seconds, metavar="SECONDS")
    options = parser.parse_args(arguments)
    if bool(options.key) != bool(options.coordinator_key):
        parser.error("--key and --coordinator-key go together")
    if not options.key and not re.fullmatch(LOCAL, options.connect):
        parser.error(
            f"{options.connect} may be another machine: that needs --key and --coordinator-key")
    return options


def main(worker=Worker):
    options = parse(sys.argv[1:])
    code = worker(options, load(options.models)).run()
    sys.stderr.flush()
    os._exit(code)  # a model that still computes for nobody is not waited for


if __name__ == "__main__":
    main()
