"""What a completion can read, reach and use up. Each test is passed by code that finds nothing."""

import socket
import tempfile
import unittest

from harness import SECRET, ScorerTestCase, request

TEST = "def check(candidate):\n    assert candidate() == []\n"


class IsolationTests(ScorerTestCase):
    # What is looked for is found or not; how long that takes is the machine's.
    options = ["--timeout", "30", "--memory", "256", "--jobs", "2"]

    def found_nothing(self, *completions, test=TEST):
        replies = self.replies([request(each, test) for each in completions])
        self.assertEqual([reply.get("reward") for reply in replies], [1] * len(completions),
                         replies)

    def test_the_environment_is_empty(self):
        self.found_nothing(f"""
            import glob, os
            def f():
                found = [name for name in os.environ if name not in ("PATH", "PWD", "LC_CTYPE")]
                for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
                    try: data = open(path, "rb").read()
                    except OSError: continue
                    if {SECRET[:7]!r}.encode() + b{SECRET[7:]!r} in data or b"OGIVE" in data:
                        found.append(path)
                return found
            """)

    def test_the_tests_are_in_no_memory_that_can_be_read(self):
        # The marker stands in the test only; the completion has it in two halves.
        test = "def check(candidate):\n    assert candidate() == [], 'marker-of-the-test'\n"
        self.found_nothing("""
            import glob
            half, other = b"marker-of", b"-the-test"
            def f():
                found = []
                for folder in glob.glob("/proc/[0-9]*"):
                    try:
                        ranges = open(folder + "/maps").read().splitlines()
                        memory = open(folder + "/mem", "rb", buffering=0)
                    except OSError:
                        continue
                    for line in ranges:
                        first, last = (int(n, 16) for n in line.split()[0].split("-"))
                        if "rw" not in line: continue
                        try:
                            memory.seek(first)
                            data = memory.read(last - first)
                        except (OSError, ValueError, OverflowError):
                            continue
                        place = data.find(half)
                        while place >= 0:
                            if data[place + len(half):].startswith(other): found.append(line)
                            place = data.find(half, place + 1)
                return found
            """, test=test)

    def test_only_its_own_pipes_are_open(self):
        self.found_nothing("""
            import os
            def f():
                names = []
                for name in os.listdir("/proc/self/fd"):
                    try: names.append(os.readlink("/proc/self/fd/" + name))
                    except OSError: pass
                pipes = {name for name in names if name.startswith("pipe:")}
                return [name for name in names if name not in pipes
                        and name not in ("/dev/null", "/proc/self/fd")
                        and not name.startswith("/proc/")] + sorted(pipes)[2:]
            """)

    def test_no_network_and_no_socket_of_the_machine(self):
        with socket.create_server(("127.0.0.1", 0)) as server, \
                socket.socket(socket.AF_UNIX) as named:
            named.bind("\0ogive-sandbox-test")
            named.listen()
            port = server.getsockname()[1]
            self.found_nothing(f"""
                import socket
                def f():
                    found = []
                    for family, address in ((socket.AF_INET, ("127.0.0.1", {port})),
                                            (socket.AF_UNIX, "\\0ogive-sandbox-test")):
                        try: socket.socket(family).connect(address); found.append(family)
                        except OSError: pass
                    return found + [name for _, name in socket.if_nameindex() if name != "lo"]
                """)

    def test_no_socket_that_leaves_the_namespaces(self):
        # AF_VSOCK, AF_ALG, AF_PACKET, AF_BLUETOOTH: refused, whether the kernel has them or not.
        self.found_nothing("""
            import errno, socket
            def f():
                found = []
                for family in (40, 38, 17, 31):
                    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
                        try: socket.socket(family, kind).close(); found.append(family)
                        except OSError as error:
                            if error.errno != errno.EPERM: found.append((family, error.errno))
                for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):
                    socket.socket(family).close()
                return found
            """)

    def test_no_file_but_usr(self):
        with tempfile.NamedTemporaryFile(suffix=SECRET) as file:
            file.write(SECRET.encode())
            file.flush()
            self.found_nothing(f"""
                import glob, os
                def f():
                    found = [path for path in ({file.name!r}, "/etc/passwd", "/root", "/home",
                                               "/proc/1/root/etc/passwd", "/work", "/var", "/run")
                             if os.path.exists(path)]
                    return found + os.listdir("/tmp") + os.listdir("/dev/shm")
                """)

    def test_writes_are_bounded_wherever_they_go(self):
        # 64 MiB in /tmp and /dev/shm together; the rest is read-only.
        self.found_nothing("""
            import os
            def filled(folder):
                written, number = 0, 0
                block = bytes(1 << 20)
                try:
                    while written < 1 << 28:
                        with open(f"{folder}/{number}", "wb", buffering=0) as file:
                            for _ in range(8): written += file.write(block)
                        number += 1
                except OSError:
                    pass
                return written
            def f():
                found = [(folder, filled(folder)) for folder, _, _ in os.walk("/")
                         if not folder.startswith(("/usr", "/proc"))]
                found = [each for each in found if each[1]]
                return [] if sum(written for _, written in found) <= 1 << 26 else found
            """)

    def test_empty_files_are_bounded_too(self):
        # The kernel needs a kilobyte for each, which is of no file's size.
        self.found_nothing("""
            import os
            def f():
                made = 0
                for folder in ("/tmp", "/dev/shm"):
                    try:
                        while made < 10_000:
                            os.close(os.open(f"{folder}/{made}", os.O_CREAT))
                            made += 1
                    except OSError:
                        pass
                return [] if 1_000 < made < 5_000 else made
            """)

    def test_no_memory_outside_of_the_bounds(self):
        self.found_nothing("""
            import ctypes, os
            libc = ctypes.CDLL(None, use_errno=True)
            def f():
                found = []
                try: os.memfd_create("x"); found.append("memfd_create")
                except OSError: pass
                if libc.shmget(0, 1 << 24, 0o1600) >= 0: found.append("shmget")
                if libc.msgget(0, 0o1600) >= 0: found.append("msgget")
                add_key = {"x86_64": 248, "aarch64": 217}[os.uname().machine]
                if libc.syscall(add_key, b"user", b"x", b"y", 1, -4) >= 0: found.append("add_key")
                mq_open = {"x86_64": 240, "aarch64": 180}[os.uname().machine]
                if libc.syscall(mq_open, b"q", 0o102, 0o600, None) >= 0: found.append("mq_open")
                return found
            """, """
            import ctypes, os
            libc = ctypes.CDLL(None, use_errno=True)
            def f():
                found = []
                for flags in (0x10000000, 0x10020000, 0x20000, 0x20000000, 0x40000000):
                    if libc.unshare(flags) == 0: found.append(hex(flags))
                if libc.mount(b"x", b"/tmp", b"tmpfs", 0, None) == 0: found.append("mount")
                if libc.syscall(428, -100, b"/", 0) >= 0: found.append("open_tree")
                return found
            """, """
            import ctypes, os
            libc = ctypes.CDLL(None, use_errno=True)
            def f():
                child = os.fork()
                if child == 0:
                    os.read(os.pipe()[0], 1)
                found = [] if libc.ptrace(16, child, None, None) else ["ptrace"]
                os.kill(child, 9)
                return found
            """)

    def test_a_slot_serves_the_next_one_whatever_the_last_one_did(self):
        hostile = [
            "import os\ndef f():\n    while True: os.fork()",
            "import os\ndef f(): os.kill(-1, 9)",
            "def f():\n    while True: pass",
            "def f(): return 'x' * (1 << 40)",
            "import time\ndef f(): time.sleep(1000)",
            "import threading\ndef f():\n    while True: threading.Thread(target=f).start()",
        ]
        requests = []
        for each in hostile:
            requests += [request(each, TEST), request("def f(): return []", TEST)]
        self.options = ["--timeout", "1", "--memory", "256", "--jobs", "1"]
        self.assertEqual(self.rewards(requests), [0, 1] * len(hostile))


if __name__ == "__main__":
    unittest.main()
