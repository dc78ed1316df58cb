#!/usr/bin/env python3
"""Writes the manual pages, one for the program and one for each command, from the program's help.

    deploy/packages/manual.py PROGRAM FOLDER
"""
import gzip
import json
import subprocess
import sys
from pathlib import Path


def escaped(text):
    """A text for troff: no escapes, no requests, and hyphens that can be searched for."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join("\\&" + line if line[:1] in ".'" else line for line in lines)


def discussion(command):
    """The discussion as it is laid out by hand; empty when there is none."""
    text = command.get("discussion", "").strip()
    return f".PP\n.nf\n{escaped(text)}\n.fi\n" if text else ""


def shown(entries):
    """Those of arguments or commands that the help shows."""
    return [entry for entry in entries if entry.get("shouldDisplay", True)]


def label(argument):
    """An argument as it is typed: `-o, --override key.path=value`."""
    value = f"\\fI{escaped(argument['valueName'])}\\fR"
    if argument["kind"] == "positional":
        return value
    names = sorted(argument["names"], key=lambda name: name["kind"] == "long")
    text = ", ".join("\\fB" + escaped(("--" if name["kind"] == "long" else "-") + name["name"])
                     + "\\fR" for name in names)
    return f"{text} {value}" if argument["kind"] == "option" else text


def synopsis(words, command):
    """The command line in short."""
    parts = [f"\\fB{escaped(' '.join(words))}\\fR"]
    arguments = shown(command.get("arguments", []))
    if shown(command.get("subcommands", [])):
        parts.append("\\fIcommand\\fR")
    if any(argument["kind"] != "positional" for argument in arguments):
        parts.append("[\\fIoptions\\fR]")
    for argument in arguments:
        if argument["kind"] == "positional":
            more = "..." if argument["isRepeating"] else ""
            text = label(argument) + more
            parts.append(f"[{text}]" if argument["isOptional"] else text)
    return " ".join(parts)


def options(command):
    """The arguments, each with what it means and its default."""
    text = ""
    for argument in shown(command.get("arguments", [])):
        meaning = escaped(argument.get("abstract", "")).strip() or "\\&"
        if default := argument.get("defaultValue"):
            meaning += f" (default: {escaped(default)})"
        text += f".TP\n{label(argument)}\n{meaning}\n"
    return text


def heading(name, abstract, version):
    """The beginning of a page."""
    return (f'.TH {name.upper()} 1 "" "ogive {version}" "Ogive"\n'
            f".SH NAME\n{escaped(name)} \\- {escaped(abstract)}\n.SH SYNOPSIS\n")


def program_page(command, version):
    """The page of the program, which lists the commands."""
    text = heading("ogive", command["abstract"], version) + synopsis(["ogive"], command) + "\n"
    text += ".SH DESCRIPTION\n" + discussion(command) + ".SH COMMANDS\n"
    commands = shown(command["subcommands"])
    for entry in commands:
        text += f".TP\n\\fBogive {escaped(entry['commandName'])}\\fR\n"
        text += escaped(entry["abstract"]) + "\n"
    pages = [f"\\fBogive\\-{escaped(entry['commandName'])}\\fR(1)" for entry in commands]
    return text + ".SH SEE ALSO\n" + ", ".join(pages) + "\n"


def command_page(command, version):
    """The page of one command, with those below it."""
    name = command["commandName"]
    words = ["ogive", name]
    below = [entry for entry in shown(command.get("subcommands", []))
             if entry["commandName"] != "help"]
    text = heading(f"ogive-{name}", command["abstract"], version)
    lines = [synopsis(words, command)]
    lines += [synopsis(words + [entry["commandName"]], entry) for entry in below]
    text += "\n.br\n".join(lines) + "\n.SH DESCRIPTION\n" + escaped(command["abstract"]) + "\n"
    text += discussion(command) + ".SH OPTIONS\n" + options(command)
    for entry in below:
        text += f".SH {escaped(' '.join(words + [entry['commandName']]).upper())}\n"
        text += escaped(entry["abstract"]) + "\n" + discussion(entry) + options(entry)
    return text + ".SH SEE ALSO\n\\fBogive\\fR(1)\n"


def main():
    """Asks the program, writes the pages."""
    program, folder = sys.argv[1], Path(sys.argv[2])
    answer = subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True)
    version = subprocess.run([program, "version", "--json"], check=True, capture_output=True)
    number = json.loads(version.stdout)["ogive"]
    command = json.loads(answer.stdout)["command"]
    commands = [entry for entry in shown(command["subcommands"]) if entry["commandName"] != "help"]
    command["subcommands"] = commands
    pages = {"ogive": program_page(command, number)}
    for entry in commands:
        pages[f"ogive-{entry['commandName']}"] = command_page(entry, number)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        # Without a time in it: the same program has the same pages.
        (folder / f"{name}.1.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"manual: {len(pages)} pages in {folder}")


if __name__ == "__main__":
    main()
