#!/usr/bin/env python3
"""Puts the libraries that the program needs beside it, so that it runs where they are missing.

    deploy/packages/bundle.py PROGRAM FOLDER    writes FOLDER/bin/ogive and FOLDER/lib/ogive/*.so*

Every Linux has glibc, libstdc++ and libgcc: these stay the system's. Prints where the result runs,
as the platform tag of wheels whose promise it keeps, such as `manylinux_2_34_x86_64`.
"""
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

from auditwheel.architecture import Architecture
from auditwheel.libc import Libc
from auditwheel.policy import WheelPolicies
from elftools.elf.elffile import ELFFile

SYSTEM = re.compile(
    r"(ld-linux.*|linux-vdso|lib(c|m|dl|rt|pthread|util|resolv|stdc\+\+|gcc_s))\.so")

# Symbols that a newer library has in a newer version, which differs from the older one in nothing
# that these files rely on. Bound to the older version they run on older systems.
# hypot: since glibc 2.35 without the error handling of SVID, which nobody uses.
# condition_variable::wait: since GCC 12 declared noexcept.
OLDER = {
    "GLIBC_2.35": ({"hypot", "hypotf"}, "GLIBC_2.2.5"),
    "GLIBCXX_3.4.30":
        ({"_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE"}, "GLIBCXX_3.4.11"),
}


def fail(message):
    """Ends the process with what is wrong."""
    print(f"bundle: {message}", file=sys.stderr)
    sys.exit(1)


def libraries(program):
    """The libraries that the loader would give the program: names and paths."""
    answer = subprocess.run(["ldd", program], check=True, capture_output=True, text=True)
    found = {}
    for line in answer.stdout.splitlines():
        name, _, rest = line.strip().partition(" => ")
        if SYSTEM.match(Path(name.split(" ")[0]).name):
            continue
        if rest.startswith("not found"):
            fail(f"{program} needs {name}, which is not installed here")
        found[name] = rest.split(" (")[0]
    return found


def needs(path):
    """The versioned symbols that a file takes from others: (symbol, version, library)."""
    with path.open("rb") as file:
        elf = ELFFile(file)
        symbols = elf.get_section_by_name(".dynsym")
        indexes = elf.get_section_by_name(".gnu.version")
        versions = elf.get_section_by_name(".gnu.version_r")
        if symbols is None or indexes is None or versions is None:
            return []
        names = {entry["vna_other"]: (entry.name, library.name)
                 for library, entries in versions.iter_versions() for entry in entries}
        # All at once: the program has tens of thousands of symbols of its own.
        data = indexes.data()
        numbers = struct.unpack(f"<{len(data) // 2}H", data)
        found = [(symbols.get_symbol(place), names[number])
                 for place, number in enumerate(numbers) if number in names]
        return [(symbol.name, *name) for symbol, name in found
                if symbol["st_shndx"] == "SHN_UNDEF"]


def elf_hash(name):
    """The hash of a version's name, as the loader compares it (System V ABI)."""
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ high >> 24) & ~high
    return value & 0xFFFFFFFF


def bind_older(path):
    """Binds the symbols of `OLDER` to their older versions, where nothing else needs the newer."""
    needed = needs(path)
    changes = []
    for newer, (allowed, older) in OLDER.items():
        symbols = {symbol for symbol, version, _ in needed if version == newer}
        if symbols and symbols <= allowed:
            changes.append((newer, older))
    with path.open("rb+") as file:
        elf = ELFFile(file)
        section = elf.get_section_by_name(".gnu.version_r")
        if not changes or section is None:
            return
        names = elf.get_section(section["sh_link"])
        data = names.data()
        for newer, older in changes:
            place = data.find(b"\0" + older.encode() + b"\0") + 1
            if place == 0:
                fail(f"{path} names no {older}, to which a symbol of {newer} could be bound")
            patch(file, section, newer, older, names, place)


def patch(file, section, newer, older, names, place):
    """Writes name and hash of the older version over those of the newer one."""
    need = section["sh_offset"]
    while True:
        file.seek(need)
        _, count, _, first, following = struct.unpack("<HHIII", file.read(16))
        entry = need + first
        for _ in range(count):
            file.seek(entry)
            _, flags, other, name, step = struct.unpack("<IHHII", file.read(16))
            if names.get_string(name) == newer:
                file.seek(entry)
                file.write(struct.pack("<IHHII", elf_hash(older), flags, other, place, step))
            entry += step
        if following == 0:
            return
        need += following


def platform_tag(paths):
    """The tag of the oldest systems whose libraries have all that the files need of them."""
    versions = {}
    for path in paths:
        for _, version, library in needs(path):
            if SYSTEM.match(library):
                versions.setdefault(library, set()).add(version)
    policies = WheelPolicies(libc=Libc.GLIBC, arch=Architecture.detect())
    return policies.versioned_symbols_policy(versions).name


def main():
    """Copies, sets where libraries are looked for, binds, reports."""
    program, folder = Path(sys.argv[1]), Path(sys.argv[2])
    own = folder / "lib" / "ogive"
    own.mkdir(parents=True)
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    copies = {folder / "bin" / "ogive": "$ORIGIN/../lib/ogive"}
    shutil.copy(program, folder / "bin" / "ogive")
    for name, path in libraries(program).items():
        shutil.copy(path, own / name)
        copies[own / name] = "$ORIGIN"
    for copy, search in copies.items():
        copy.chmod(0o755)
        # As DT_RPATH, which LD_LIBRARY_PATH does not overrule: these libraries belong together.
        subprocess.run(["patchelf", "--force-rpath", "--set-rpath", search, copy], check=True)
        bind_older(copy)
    print(platform_tag(copies))


if __name__ == "__main__":
    main()
