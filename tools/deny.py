#!/usr/bin/env python3
"""`make deny`: runs cargo-deny with deny.toml where it is installed; else says that it did not run, and exits 77.

It is not brought by tools/bootstrap.py: compiling it takes longer than everything else together, and the wheels of it
that exist are too old to know today's licence identifiers.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEAST = (0, 16)
NOT_RUN = 77


def main():
    version = installed()
    if version is None:
        return not_run("cargo-deny is not installed (cargo install --locked cargo-deny)")
    if version < LEAST:
        return not_run(f"cargo-deny {'.'.join(map(str, version))} is too old: {'.'.join(map(str, LEAST))} or newer")
    code = cargo_deny("check", "bans", "licenses", "sources")
    # Needs the advisory database from the network.
    return code or cargo_deny("check", "advisories")


def installed():
    try:
        answer = subprocess.run(["cargo", "deny", "--version"], cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    found = re.match(r"cargo-deny (\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else None


def cargo_deny(*arguments):
    return subprocess.run(["cargo", "deny", *arguments], cwd=ROOT).returncode


def not_run(why):
    print(f"deny: NOT RUN: {why}; licences, sources and advisories of dependencies were not checked")
    return NOT_RUN


if __name__ == "__main__":
    sys.exit(main())
