#!/usr/bin/env python3
"""Puts the timeline of the last `make demo` between the `<!-- timeline -->` markers of README.md."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIMELINE = ROOT / ".demo" / "latest" / "timeline.txt"
MARKED = re.compile(r"(<!-- timeline -->\n).*?(<!-- /timeline -->)", re.S)
# The README stays under 150 lines.
MOST_LINES = 60


def main():
    if not TIMELINE.exists():
        sys.exit("readme: no timeline: run `make demo` first")
    lines = [line.rstrip() for line in TIMELINE.read_text().strip("\n").splitlines()]
    # Where the records of that run were is nobody's business.
    lines = [re.sub(r"\S*\.demo/run-[\w-]+/records", "records", line) for line in lines]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"… {len(lines) - MOST_LINES} more lines"]
    readme = ROOT / "README.md"
    text = readme.read_text()
    block = "```text\n" + "\n".join(lines) + "\n```\n"
    new, count = MARKED.subn(lambda found: found[1] + block + found[2], text)
    if count != 1:
        sys.exit("readme: README.md must have one pair of timeline markers")
    readme.write_text(new)
    print(f"readme: {len(lines)} lines of timeline, {len(new.splitlines())} lines in all")


if __name__ == "__main__":
    main()
