#!/usr/bin/env python3
"""`make evidence`: what evidence must show, a line with its figure for each, E1 to E9 of docs/verification.md, and
P, what of people and secrets is in records (docs/privacy.md).

TAMPER_CASES (10000) says how many exports are tampered with, and how many are disturbed harmlessly; KILLS (200) how many
proxies are killed under load, RESTARTS (20) how many run at once and are replaced under load; PRIVACY_EXCHANGES (100000) how
many exchanges are searched. Exits 0 only if all hold.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CASES = os.environ.get("TAMPER_CASES", "10000")
KILLS = os.environ.get("KILLS", "200")
RESTARTS = os.environ.get("RESTARTS", "20")
EXCHANGES = os.environ.get("PRIVACY_EXCHANGES", "100000")
FAST = ["--profile", "fuzz"]

# The row, what is said of it, the arguments of `cargo test`, and what its output must match: the figure is the first group.
ROWS = [
    ("E1 E2", "tampered exports found and named by both verifiers", [*FAST, "-p", "oidc-audit", "--test", "tamper", "every_tampering", "--", "--nocapture"], r"tamper: (\d+) of \d+ found"),
    ("E3", "harmless changes without an alarm, by both verifiers", [*FAST, "-p", "oidc-audit", "--test", "tamper", "nothing_harmless", "--", "--nocapture"], r"tamper: (\d+) harmless changes"),
    ("E4", "killed proxies: an unclean end with its bound, or no stream of an expected group", ["-p", "oidc-audit", "--test", "kills", "--", "--nocapture"], r"kills: (\d+) of"),
    ("E4", "proxies restarted under load, in order", ["-p", "oidc-audit", "--test", "kills", "--", "--nocapture"], r"restarts: (\d+ of \d+) ended"),
    ("E4", "tests of how ends are judged", ["-p", "oidc-audit", "--lib", "record::verify::tests"], r"ok\. (\d+) passed"),
    ("E5", "records gone after the acknowledgement, called undeclared", [*FAST, "-p", "oidc-audit", "--test", "tamper", "every_tampering", "--", "--nocapture"], r"(\d+)  delete a record"),
    ("E6", "tests of conservation in the outbox, model included", ["-p", "oidc-audit", "--lib", "pipeline::outbox"], r"ok\. (\d+) passed"),
    ("E7", "times parsing the same lines", [*FAST, "-p", "oidc-audit", "--test", "verifying", "verifying_is", "--", "--ignored", "--nocapture"], r"verifying: ([\d.]+ x .*)"),
    ("E7", "memory of a larger export", [*FAST, "-p", "oidc-audit", "--test", "verifying", "memory_does", "--", "--ignored", "--nocapture"], r"memory: (.*)"),
    ("E8", "tests: one record proved alone, one erased", ["-p", "oidc-audit-cli", "--test", "verify", "--", "one_record", "a_record_that"], r"ok\. (2) passed"),
    ("E9", "windows of any cut, never an alarm and a removed record never called intact, by both verifiers", [*FAST, "-p", "oidc-audit", "--test", "tamper", "a_window_of", "--", "--nocapture"], r"tamper: (\d+) windows"),
    ("E9", "tests: windows and expiry, and a record removed inside", ["-p", "oidc-audit-cli", "--test", "verify", "--", "a_window", "what_expired"], r"ok\. (2) passed"),
    ("P", "exchanges with canaries in every secret and personal position: none where it may not be", [*FAST, "-p", "oidc-audit", "--test", "privacy", "canaries_in", "--", "--nocapture"], r"privacy: (\d+) exchanges"),
]


def main():
    outputs, failed, lines = {}, 0, []
    for row, what, arguments, pattern in ROWS:
        key = tuple(arguments)
        if key not in outputs:
            print(f"evidence: {row} ...", flush=True)
            sizes = {"TAMPER_CASES": CASES, "KILLS": KILLS, "RESTARTS": RESTARTS, "PRIVACY_EXCHANGES": EXCHANGES}
            environment = dict(os.environ, **sizes)
            command = ["cargo", "test", "--locked", *arguments]
            outputs[key] = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        result = outputs[key]
        figure = re.search(pattern, result.stdout)
        holds = result.returncode == 0 and figure is not None and figure.group(1) != "0"
        failed += not holds
        lines.append(f"{row:<6} {'holds' if holds else 'FAILS':<6} {figure.group(1) if figure else '-':>6}  {what}")
        if not holds:
            print("\n".join(result.stdout.splitlines()[-40:]), flush=True)
    print("\n".join(lines))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
