"""A worker's socket, and the files of keys."""
import os
import stat
import sys
from pathlib import Path

import zmq
from zmq.utils import z85

from messages import MESSAGE_BYTES

LOCAL = r"ipc://.+|tcp://(127(\.\d{1,3}){3}|localhost):\d+"  # addresses of this machine


def connect(context, options, incarnation):
    dealer = context.socket(zmq.DEALER)
    dealer.routing_id = incarnation
    dealer.immediate = True  # nothing is queued for a coordinator that is not there
    dealer.ipv6 = options.connect.startswith("tcp://[")
    dealer.linger = 2000
    dealer.maxmsgsize = MESSAGE_BYTES
    dealer.reconnect_ivl, dealer.reconnect_ivl_max = 100, 5000
    dealer.heartbeat_ivl, dealer.heartbeat_timeout, dealer.heartbeat_ttl = 5000, 15000, 15000
    if options.key:
        secret = key_in(options.key, "secret")
        dealer.curve_secretkey = secret
        dealer.curve_publickey = zmq.curve_public(secret)
        dealer.curve_serverkey = key_in(options.coordinator_key, "public")
    dealer.connect(options.connect)
    return dealer


def key_in(path, which):
    """The "secret" or "public" key in a file of `ogive keys new`, in ZeroMQ's own digits."""
    if which == "secret" and stat.S_IMODE(os.stat(path).st_mode) & 0o077:
        usage(f"others may use the secret key {path}: chmod 600 {path}")
    lines = [line.split() for line in Path(path).read_text().splitlines()]
    for line in lines:
        if len(line) == 2 and line[0] == which:
            return z85.encode(bytes.fromhex(line[1]))
    usage(f"{path} has no line `{which} DIGITS`")


def usage(text):
    print(f"worker: {text}", file=sys.stderr)
    sys.exit(2)
