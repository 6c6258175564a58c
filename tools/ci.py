#!/usr/bin/env python3
"""`make ci`: every stage, its seconds, and one table at the end.

A stage passes (exit 0), fails, or did not run: because it said so itself (exit 77), or because a stage that it needs
failed. What did not run is never printed as passed. Exits 1 if a stage failed or was kept from running by one.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_RUN = 77

# Name, command, the stages that it needs.
STAGES = [
    ("tools", ["make", "tools"], []),
    ("lint", ["make", "lint"], ["tools"]),
    ("docs", ["make", "docs-check"], []),
    ("build", ["make", "build"], ["tools"]),
    ("size", ["make", "size"], ["tools"]),
    ("envoy files", ["make", "envoy-check"], ["build", "size"]),
    ("test", ["make", "test"], ["build", "size"]),
    ("fuzz", ["make", "fuzz", "FUZZ_SECONDS=30"], ["tools"]),
    ("demo", ["make", "demo"], ["build", "size"]),
    ("demo, minimal", ["make", "demo", "MINIMAL=1"], ["build", "size"]),
    ("bench", ["make", "bench"], ["size"]),
    ("deny", [sys.executable, "tools/deny.py"], ["tools"]),
    ("clean tree", ["git", "diff", "--exit-code", "--stat"], []),
]


def main():
    results = {}
    for name, command, needs in STAGES:
        print(f"\n=== {name}: {' '.join(command)}", flush=True)
        blocking = [need for need in needs if results[need][0] != "passed"]
        began = time.monotonic()
        if blocking:
            print(f"not run: {blocking[0]} did not pass", flush=True)
            outcome = "NOT RUN"
        else:
            code = subprocess.run(command, cwd=ROOT).returncode
            outcome = {0: "passed", NOT_RUN: "not run"}.get(code, "FAILED")
        results[name] = (outcome, time.monotonic() - began)
        print(f"=== {name}: {outcome}, {results[name][1]:.0f} s", flush=True)
    report(results)
    return any(outcome in ("FAILED", "NOT RUN") for outcome, _ in results.values())


def report(results):
    print("\nstage             outcome    seconds")
    for name, (outcome, seconds) in results.items():
        print(f"{name:<17} {outcome:<8} {seconds:>9.0f}")
    print(f"{'':<17} {'':<8} {sum(seconds for _, seconds in results.values()):>9.0f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
