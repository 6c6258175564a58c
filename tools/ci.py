#!/usr/bin/env python3
"""`make ci`: every stage, its seconds, and one table at the end.

A stage passes (exit 0), fails, or did not run: because it said so itself (exit 77), or because a stage that it needs
failed, or because the time was over (CI_MINUTES). What did not run is never printed as passed. Exits 0 only if no
stage failed, none was kept from running by another, and none changed a tracked file.
"""

import os
import signal
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
    ("fuzz", ["make", "fuzz", "FUZZ_SECONDS=2", "MUTATED_REQUESTS=20000"], ["build", "size"]),
    ("demo", ["make", "demo"], ["build", "size"]),
    ("demo, minimal", ["make", "demo", "MINIMAL=1"], ["build", "size"]),
    ("bench", ["make", "bench"], ["size"]),
    ("deny", [sys.executable, "tools/deny.py"], ["tools"]),
]


def main():
    before = working_tree()
    deadline = time.monotonic() + 60 * float(os.environ.get("CI_MINUTES", "120"))
    results = {}
    for name, command, needs in STAGES:
        print(f"\n=== {name}: {' '.join(command)}", flush=True)
        began = time.monotonic()
        blocking = [need for need in needs if results[need][0] != "passed"]
        if blocking:
            outcome = f"NOT RUN: {blocking[0]} did not pass"
        elif began > deadline:
            outcome = "NOT RUN: the time is over"
        else:
            outcome = run(command, deadline - began)
        results[name] = (outcome, time.monotonic() - began)
        print(f"=== {name}: {outcome}, {results[name][1]:.0f} s", flush=True)
    if working_tree() != before:
        results["clean tree"] = ("FAILED: a stage changed files that git tracks (git diff)", 0)
    report(results)
    return any(outcome.startswith(("FAILED", "NOT RUN")) for outcome, _ in results.values())


def run(command, within):
    """In a process group of its own, all of which is gone afterwards."""
    stage = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        code = stage.wait(within)
        return {0: "passed", NOT_RUN: "not run"}.get(code, "FAILED")
    except subprocess.TimeoutExpired:
        return "FAILED: the time is over"
    finally:
        stop(stage)


def stop(stage):
    if stage.poll() is None:
        os.killpg(stage.pid, signal.SIGTERM)
        try:
            stage.wait(20)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(stage.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    stage.wait()


def working_tree():
    return subprocess.run(["git", "diff", "HEAD"], cwd=ROOT, capture_output=True).stdout


def report(results):
    print("\nseconds  stage           outcome")
    for name, (outcome, seconds) in results.items():
        print(f"{seconds:7.0f}  {name:<15} {outcome}")
    print(f"{sum(seconds for _, seconds in results.values()):7.0f}  in all", flush=True)


def terminated(number, _):
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, terminated)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
