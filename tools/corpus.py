#!/usr/bin/env python3
"""The table of events and harnesses, from what the harnesses of the corpus left in `target/corpus/`.

Exits 1 if a harness is missing or failed, played fewer than CASES fixtures natively, or left out more than 5 %.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HARNESSES = ["native", "wasm", "envoy", "envoy_http2"]
CASES = 352


def main():
    tallies = {name: read(ROOT / "target/corpus" / f"{name}.json") for name in HARNESSES}
    problems = [f"{name}: not played" for name, tally in tallies.items() if tally is None]
    known = {name: tally for name, tally in tallies.items() if tally}
    table(known)
    for name, tally in known.items():
        if not tally["passed"]:
            problems.append(f"{name}: failed")
        if (tally["total"] - tally["played"]) * 20 > tally["total"]:
            problems.append(f"{name}: more than 5 % left out")
    native = known.get("native", {}).get("played", 0)
    if native < CASES:
        problems.append(f"native: {native} cases, at least {CASES} are wanted")
    for problem in problems:
        print(f"corpus: {problem}")
    return bool(problems)


def read(path):
    return json.loads(path.read_text()) if path.exists() else None


def table(tallies):
    events = sorted({event for tally in tallies.values() for event in tally["events"]})
    width = max(map(len, events), default=5)
    print(f"{'event':<{width}}  " + "  ".join(f"{name:>11}" for name in tallies))
    for event in events:
        cells = (tally["events"].get(event, 0) for tally in tallies.values())
        print(f"{event:<{width}}  " + "  ".join(f"{cell or '-':>11}" for cell in cells))
    of = (f"{tally['played']}/{tally['total']}" for tally in tallies.values())
    print(f"{'fixtures':<{width}}  " + "  ".join(f"{cell:>11}" for cell in of))


if __name__ == "__main__":
    sys.exit(main())
