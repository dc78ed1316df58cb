"""Runs a completion in one sandbox and the tests that judge it in another; for unit_tests.py.

    completion  ◀ arguments, values ▶  judge  ▶ verdict ▶  this process

This process reads nothing that a completion wrote, but for the verdict of the judge, which holds
numbers of assertions, and one note to be shown. Each completion has a new sandbox; a slot's judge
stays, and forks for each.
"""

import json
import math
import os
import platform
import re
import secrets
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERDICT_BYTES_MAX = 4 << 20
# How long a judge may still take after the completion's process was ended.
JUDGE_SECONDS = 5

# Of /tmp and /dev/shm together: an empty file has no size, but costs the kernel a kilobyte.
FILES_MAX = 4096

# bubblewrap cannot bound the number of files of a tmpfs, so it is given one that is mounted before,
# in a user and mount namespace that it starts in. /mnt is only where it stands meanwhile.
MOUNT = """
mount -n -t tmpfs -o "size=$1m,nr_inodes=$2,mode=700" tmpfs /mnt && mkdir /mnt/tmp /mnt/shm &&
shift 2 && exec "$@"
"""

# System calls by which memory is used beyond what is bounded here, or other processes and mounts
# are touched: memfd_create, memfd_secret, shmget, msgget, semget, mq_open, add_key, request_key,
# keyctl, ptrace, process_vm_readv, process_vm_writev, io_uring_setup, bpf, perf_event_open,
# userfaultfd, open_tree, open_tree_attr.
DENIED = {
    "x86_64": (0xC000003E, (319, 447, 29, 68, 64, 240, 248, 249, 250, 101, 310, 311, 425, 321, 298,
                            323, 428, 467)),
    "aarch64": (0xC00000B7, (279, 447, 194, 186, 190, 180, 217, 218, 219, 117, 270, 271, 425, 280,
                             241, 282, 428, 467)),
}
# The call `socket`, and the families that it may have: the namespaces bound AF_UNIX, AF_INET,
# AF_INET6 and AF_NETLINK. AF_VSOCK would reach the host of a virtual machine from any of them.
SOCKET = {"x86_64": 41, "aarch64": 198}
FAMILIES = (1, 2, 10, 16)


class Refused(Exception):
    """The tests cannot be used, whatever the completion is."""


def system_call_filter():
    """The BPF program that denies with EPERM what is in DENIED and sockets of no family in
    FAMILIES, and ends who makes calls of a foreign architecture."""
    machine = platform.machine()
    if machine not in DENIED:
        sys.exit(f"unit_tests: no filter of system calls is known for {machine}")
    architecture, calls = DENIED[machine]
    load, equal, least, end = 0x20, 0x15, 0x35, 0x06
    kill, deny, allow = 0x80000000, 0x00050001, 0x7FFF0000
    # A jump says how many instructions it leaves out; at the end stand `deny` and `allow`.
    to_deny = len(calls) + len(FAMILIES) + 2
    program = [(load, 0, 0, 4), (equal, 1, 0, architecture), (end, 0, 0, kill), (load, 0, 0, 0)]
    # From this number on it would be the x32 calls of x86_64.
    program.append((least, to_deny, 0, 0x40000000))
    program += [(equal, to_deny - 1 - place, 0, call) for place, call in enumerate(calls)]
    # The family is the lower half of the first argument, as the kernel takes it.
    program += [(equal, 0, len(FAMILIES) + 2, SOCKET[machine]), (load, 0, 0, 16)]
    program += [(equal, len(FAMILIES) - place, 0, family) for place, family in enumerate(FAMILIES)]
    program += [(end, 0, 0, deny), (end, 0, 0, allow)]
    return b"".join(struct.pack("=HBBI", *each) for each in program)


def source(name):
    """What runs in a sandbox, as an argument: its user may be unable to read this folder."""
    return (HERE / "sandbox_values.py").read_text() + (HERE / name).read_text()


def program(name, package="util-linux"):
    """The path of a program; ends this process where there is none."""
    path = shutil.which(name)
    if path is None:
        sys.exit(f"unit_tests: {name} is missing: apt-get install {package}")
    return path


def bubblewrap():
    """The path of bubblewrap; ends this process where it is too old."""
    path = program("bwrap", "bubblewrap")
    version = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    if numbers < [0, 8]:
        sys.exit(f"unit_tests: bubblewrap 0.8 or newer is needed; {path} is {version.strip()}")
    return path


def end(process):
    """Ends a sandbox with all that runs in it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def last_lines(process):
    """The last line that a sandbox which did not start wrote to standard error."""
    os.set_blocking(process.stderr.fileno(), False)
    text = (process.stderr.read(1 << 16) or b"").decode("utf-8", "replace").strip()
    return text.split("\n")[-1]


class Sandboxes:
    """Starts interpreters in bubblewrap. As root each slot has two user ids of its own, so that
    the bound on processes counts its processes only."""

    def __init__(self, options):
        self.options = options
        self.bubblewrap = bubblewrap()
        self.filter = system_call_filter()
        self.sources = {name: source(f"sandbox_{name}.py") for name in ("child", "judge")}
        # Processor time is what counts, so that a busy machine changes no reward; the wall time
        # ends what sleeps.
        self.wall_seconds = 3 * options.timeout + 5
        self.limits = json.dumps({
            "RLIMIT_CPU": math.ceil(options.timeout),
            "RLIMIT_AS": options.memory << 20,
            "RLIMIT_NPROC": options.processes,
            "RLIMIT_FSIZE": 16 << 20,
            "RLIMIT_NOFILE": 64,
            "RLIMIT_CORE": 0,
        })

    def command(self, role, user, filter_descriptor):
        command = []
        if os.geteuid() == 0:
            user = str(user)
            command = [program("setpriv"), "--reuid", user, "--regid", user, "--clear-groups"]
        command += [
            program("unshare"), "--user", "--map-root-user", "--mount", "/bin/sh", "-c", MOUNT,
            "sh", str(self.options.disk), str(FILES_MAX),
            self.bubblewrap, "--unshare-user", "--uid", "1000", "--gid", "1000", "--unshare-all",
            "--disable-userns", "--cap-drop", "ALL", "--die-with-parent", "--new-session",
            "--hostname", "sandbox", "--seccomp", str(filter_descriptor),
            "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib",
            "--symlink", "usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin",
            "--proc", "/proc", "--dev", "/dev", "--bind", "/mnt/shm", "/dev/shm",
            "--bind", "/mnt/tmp", "/tmp", "--chdir", "/tmp",
            "--clearenv", "--setenv", "PATH", "/usr/bin:/bin",
        ]
        for path in self.options.bind:
            command += ["--ro-bind", path, path]
        command += ["--remount-ro", "/dev", "--remount-ro", "/"]
        return [*command, self.options.python, "-I", "-c", self.sources[role], self.limits]

    def start(self, role, user, stdin=subprocess.PIPE, stdout=subprocess.PIPE):
        """Starts a sandbox. Its environment is empty from the first program on: bubblewrap's own
        can be read inside."""
        reader, writer = os.pipe()
        try:
            os.write(writer, self.filter)
            os.close(writer)
            return subprocess.Popen(
                self.command(role, user, reader), stdin=stdin, stdout=stdout,
                stderr=subprocess.PIPE, env={}, pass_fds=[reader], start_new_session=True)
        finally:
            os.close(reader)


class Slot:
    """Judges one completion at a time."""

    def __init__(self, sandboxes, number):
        self.sandboxes = sandboxes
        self.users = [sandboxes.options.first_user + 2 * number + place for place in (0, 1)]
        self.judge = self.connection = None

    def verdict(self, job):
        """What the judge says of a job, in its order: pairs of what it is and its value."""
        nonce = secrets.token_hex(16)
        child = self.sandboxes.start("child", self.users[0])
        reader, writer = os.pipe()
        try:
            with child.stdin, child.stdout:
                descriptors = [child.stdout.fileno(), child.stdin.fileno(), writer]
                self.hand_over({**job, "nonce": nonce}, descriptors)
                os.close(writer)
                writer = None
            said = self.read(reader, nonce, child)
            if said[-1:] and said[-1][0] == "refused":
                raise Refused(said[-1][1])
            if ("started", None) not in said:
                words = last_lines(child) or "no answer in time"
                raise RuntimeError(f"the sandbox did not start: {words}")
            return said
        finally:
            end(child)
            child.stderr.close()
            os.close(reader)
            if writer is not None:
                os.close(writer)

    def hand_over(self, job, descriptors):
        if self.judge is None:
            self.connection, theirs = socket.socketpair()
            with theirs:
                self.judge = self.sandboxes.start(
                    "judge", self.users[1], stdin=theirs, stdout=subprocess.DEVNULL)
        data = json.dumps(job).encode()
        try:
            socket.send_fds(self.connection, [len(data).to_bytes(4, "big")], descriptors)
            self.connection.sendall(data)
        except OSError as error:
            words = last_lines(self.judge) or str(error)
            self.end_judge()
            raise RuntimeError(f"the judge's sandbox ended: {words}") from error

    def end_judge(self):
        end(self.judge)
        self.judge.stderr.close()
        self.connection.close()
        self.judge = self.connection = None

    def read(self, reader, nonce, child):
        """Reads the verdict to its end. The wall time ends the completion first, so that the judge
        can say what passed until then; then the judge."""
        data = bytearray()
        deadline, waited_for = time.monotonic() + self.sandboxes.wall_seconds, child
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        said = []
        while not said or said[-1][0] not in ("done", "refused"):
            if not poll.poll(max(0, deadline - time.monotonic()) * 1000):
                if waited_for is None:
                    break
                end(child)
                deadline, waited_for = time.monotonic() + JUDGE_SECONDS, None
                continue
            part = os.read(reader, 1 << 16)
            if not part or len(data) > VERDICT_BYTES_MAX:
                break
            data += part
            said = [tuple(json.loads(line.removeprefix(nonce)))
                    for line in data.decode().split("\n")[:-1] if line.startswith(nonce)]
        if not said or said[-1][0] not in ("done", "refused"):
            # It ran into a limit, or waits for ever: the next one begins anew.
            self.end_judge()
        return said
