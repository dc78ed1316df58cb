#!/usr/bin/env python3
"""Attacks a coordinator in one way until it is ended; says each second what it has done.

    .venv-workers/bin/python attackers.py {connections,hellos,garbage,large texts,slow readers,
        idlers} --folder FOLDER --connect tcp://127.0.0.1:PORT

FOLDER holds coordinator.pub and the key pair `hostile`, which is authorised: only the attack by
connections, and a part of that by garbage, come from unknown clients.
"""
import argparse
import contextlib
import random
import secrets
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "deploy/workers"))
import synthetic  # noqa: E402
import zmq  # noqa: E402
from connection import connect  # noqa: E402
from messages import wire  # noqa: E402
from models import Completion  # noqa: E402
from worker import MAGIC, VERSION, Worker, parse  # noqa: E402

CREDIT = 1_000_000
done = 0


def count(more=1):
    """Adds to what is said each second."""
    global done
    done += more


class Peer:
    """A connection with the hostile key and an incarnation of its own."""

    def __init__(self, options, reads=True):
        self.incarnation = bytes([secrets.randbits(8) | 0x80]) + secrets.token_bytes(15)
        self.term = 0
        context = zmq.Context.instance()
        self.socket = connect(context, options, self.incarnation)
        if not reads:  # what was read before this is little
            self.socket.rcvhwm = 1
        self.reads = reads

    def envelope(self, **body):
        """A message's bytes."""
        return wire.Envelope(magic=MAGIC, protocol_version=VERSION, term=self.term,
                             worker=self.incarnation, **body).SerializeToString()

    def hello(self):
        """A hello that asks for everything."""
        return self.envelope(hello=wire.Hello(
            name="hostile " + "x" * 200, version="1", credit=CREDIT,
            policies=[offer(model) for model in synthetic.POLICIES],
            scorers=[offer(model) for model in synthetic.SCORERS]))

    def send(self, frame):
        """Sends, or does not when the queue is full."""
        with contextlib.suppress(zmq.Again):
            self.socket.send(frame, zmq.NOBLOCK)
            count()

    def receive(self, patience=0):
        """What has come, decoded; learns the term."""
        while self.reads and self.socket.poll(patience):
            envelope = wire.Envelope()
            envelope.ParseFromString(self.socket.recv())
            if envelope.WhichOneof("body") == "welcome":
                self.term = envelope.welcome.term
            yield envelope


def offer(model):
    """What a worker says of a model."""
    return wire.Model(kind=model.kind, model=model.model,
                      fingerprint=wire.Fingerprint(facts=model.facts),
                      log_probability_obstacle="none")


def connections(options):
    """Keeps 1 300 connections without a key open, and replaces some all the time."""
    host, port = options.connect.removeprefix("tcp://").rsplit(":", 1)
    held = []
    while True:
        while len(held) < 1_300:
            try:
                held.append(socket.create_connection((host, int(port)), 5))
                count()
            except OSError:
                time.sleep(0.1)
        time.sleep(0.05)
        for client in random.sample(held, 50):
            client.close()
            held.remove(client)


def hellos(options):
    """Says hello again and again, from sixteen incarnations, without a pause for answers."""
    peers = [Peer(options) for _ in range(16)]
    while True:
        for peer in peers:
            peer.send(peer.hello())
            for _ in peer.receive():
                pass
        time.sleep(0.002)  # about 5 000 a second, where the machine can


def garbage(options):
    """Sends random bytes, damaged messages and forged results; unknown clients send bytes."""
    host, port = options.connect.removeprefix("tcp://").rsplit(":", 1)
    peers = [Peer(options) for _ in range(4)]
    dice = random.Random(1)
    while True:
        for peer in peers:
            frame = bytearray(peer.hello())
            match dice.randrange(4):
                case 0:
                    frame = dice.randbytes(dice.choice([0, 1, 20, 1_000, 100_000]))
                case 1:
                    for _ in range(1 + dice.randrange(8)):
                        frame[dice.randrange(len(frame))] = dice.randrange(256)
                case 2:
                    frame = frame[:dice.randrange(len(frame))]
                case 3:
                    names = wire.ItemNames(kinds=[1], indexes=[3])
                    claim = wire.LeaseClaim(run=1, proof=dice.randbytes(32), items=names)
                    items = wire.ItemResults(
                        names=names, has=[wire.ItemResults.HAS_REWARD], rewards=[1])
                    frame = peer.envelope(results=wire.Results(
                        results=[wire.Result(claim=claim, items=items)]))
            peer.send(bytes(frame))
            for _ in peer.receive():
                pass
        with contextlib.suppress(OSError):
            with socket.create_connection((host, int(port)), 5) as client:
                client.sendall(dice.randbytes(2_000))
                count()
        time.sleep(0.002)


class LargeTexts(Worker):
    """A worker as it should be, but for texts of 15 MiB."""

    def send(self, **body):
        if "results" in body:
            count()
        super().send(**body)


class LargeModels:
    """Synthetic models whose texts are as long as may be."""

    POLICIES, SCORERS = synthetic.POLICIES, synthetic.SCORERS
    TEXT = "0123456789abcdef" * (15 << 16)

    @classmethod
    def sample(cls, prompt, seeds, spec):
        return [Completion(cls.TEXT, "stop", 1, -1.0) for _ in seeds]

    @staticmethod
    def score(prompt, text, spec):
        return 0.0


def large_texts(options):
    """Lands texts of 15 MiB as fast as it can."""
    LargeTexts(options, LargeModels).run()


def slow_readers(options):
    """Asks for everything, from eight incarnations, and reads nothing."""
    peers = [Peer(options, reads=False) for _ in range(8)]
    while True:
        for peer in peers:
            peer.send(peer.hello())
            peer.term = 1
            peer.send(peer.envelope(credit=wire.Credit(leases=CREDIT)))
            peer.send(peer.envelope(worker_heartbeat=wire.Heartbeat()))
        time.sleep(0.5)


def idlers(options):
    """Three workers that take everything, are alive, and return nothing."""
    peers = [Peer(options) for _ in range(3)]
    for peer in peers:
        peer.send(peer.hello())
    taken = 0
    while True:
        for peer in peers:
            for envelope in peer.receive(100):
                match envelope.WhichOneof("body"):
                    case "leases":
                        taken += len(envelope.leases.leases)
                    case "re_register":
                        peer.send(peer.hello())
            peer.send(peer.envelope(worker_heartbeat=wire.Heartbeat()))
            peer.send(peer.envelope(credit=wire.Credit(leases=CREDIT)))
        time.sleep(0.2)


ATTACKS = {"connections": connections, "hellos": hellos, "garbage": garbage,
           "large texts": large_texts, "slow readers": slow_readers, "idlers": idlers}


def report():
    """Says each second what was done so far."""
    while True:
        time.sleep(1)
        print(f"sent {done}", flush=True)


def main():
    """Reads the command line and attacks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("attack", choices=ATTACKS)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--connect", required=True)
    arguments = parser.parse_args()
    threading.Thread(target=report, daemon=True).start()
    ATTACKS[arguments.attack](parse([
        "--connect", arguments.connect, "--key", str(arguments.folder / "hostile.key"),
        "--coordinator-key", str(arguments.folder / "coordinator.pub")]))


if __name__ == "__main__":
    main()
