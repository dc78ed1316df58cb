"""Processor time of processes, from /proc: it does not move with the machine's mood."""
import os
import subprocess
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def fields(text):
    """The parent, and the ticks by the process and by children that it waited for, of a stat."""
    # The name may hold anything; what follows its last bracket are numbers.
    values = text.rpartition(")")[2].split()
    own, waited = values[11:13], values[13:15]
    return int(values[1]), sum(map(int, own)), sum(map(int, waited))


def stat(pid):
    """`fields` of a process; `None` when it is gone."""
    try:
        return fields(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace"))
    except (FileNotFoundError, ProcessLookupError):
        return None


def own(pid):
    """Seconds of a process, without its children."""
    found = stat(pid)
    return found[1] / TICK if found else 0.0


def tree(pid):
    """Seconds of a process and of all that it started, those that it waited for among them."""
    found = {int(entry.name): stat(entry.name)
             for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    ticks, open_ones = 0, [pid]
    while open_ones:
        each = open_ones.pop()
        if found.get(each):
            ticks += found[each][1] + found[each][2]
            open_ones += [child for child, known in found.items() if known and known[0] == each]
    return ticks / TICK


def precise(pids):
    """Seconds of processes that run, without children, to the nanosecond: for what is short. What
    threads took that ended is not in it."""
    total = 0
    for pid in pids:
        for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                total += int(path.read_text(encoding="ascii").split()[0])
            except (FileNotFoundError, ProcessLookupError):
                pass
    return total / 1e9


def members(database):
    """The processes of the private PostgreSQL that run."""
    leader = int((database.folder / "database/data/postmaster.pid").read_text().split()[0])
    return [leader] + [int(entry.name) for entry in Path("/proc").iterdir()
                       if entry.name.isdigit() and (stat(entry.name) or [0])[0] == leader]


def server(database):
    """Seconds of all processes of the private PostgreSQL, those that ended among them."""
    leader = int((database.folder / "database/data/postmaster.pid").read_text().split()[0])
    while True:
        before = stat(leader)
        children = [stat(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        after = stat(leader)
        if not before or not after:
            raise SystemExit("the private database does not run")
        # Else one ended between the two, and would be missing in both sums or counted in both.
        if before[2] == after[2]:
            running = sum(child[1] for child in children if child and child[0] == leader)
            return (after[1] + after[2] + running) / TICK


def command(arguments, environment=None):
    """Runs a command to its end; its processor time in seconds."""
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments[0]} {arguments[1]} ended with {process.returncode}:\n"
                         f"{said[-3000:]}")
    return usage.ru_utime + usage.ru_stime


def pin(count):
    """Keeps this process, and all that it starts, on so many processors, as `taskset` does."""
    usable = sorted(os.sched_getaffinity(0))
    if not 0 < count <= len(usable):
        raise SystemExit(f"--cores {count}: this machine lends {len(usable)}")
    os.sched_setaffinity(0, usable[:count])
