#!/usr/bin/env python3
"""What documents, code and repository must agree on: links, targets, lengths, line endings, and what is never committed."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README_LINES = 150
# Registries are the user's choice, and a path of one machine means nothing on another.
REGISTRY = re.compile(r"registry\.npmjs\.org|registry\.yarnpkg|files\.pythonhosted|pypi\.org/simple")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|Users|work|opt)/\w+/")


def main():
    files = tracked()
    problems = [
        *too_long(),
        *broken_links(files),
        *unknown_targets(files),
        *never_committed(files),
        *stats_tags(),
        *plugin_configurations(),
        *metrics(),
    ]
    for problem in problems:
        print(f"docs: {problem}")
    print(f"docs: {len(files)} files looked at, {len(problems)} problems")
    return bool(problems)


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def texts(files, *suffixes):
    return [(file.relative_to(ROOT), file.read_text()) for file in files if file.suffix in suffixes]


def too_long():
    lines = len((ROOT / "README.md").read_text().splitlines())
    if lines >= README_LINES:
        yield f"README.md has {lines} lines: fewer than {README_LINES}"


def broken_links(files):
    for name, text in texts(files, ".md"):
        for target in re.findall(r"\]\(([^)\s]+)\)", without_code(text)):
            path, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            file = (ROOT / name.parent / path).resolve() if path else ROOT / name
            if not file.exists():
                yield f"{name}: no {target}"
            elif anchor and anchor not in anchors(file.read_text()):
                yield f"{name}: no heading for {target}"


def without_code(text):
    return re.sub(r"```.*?```", "", text, flags=re.S)


def anchors(text):
    headings = re.findall(r"^#+ +(.+)$", without_code(text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def unknown_targets(files):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for name, text in texts(files, ".md"):
        for named in re.findall(r"`make ([a-z-]+)", text):
            if named not in targets:
                yield f"{name}: there is no `make {named}`"


def never_committed(files):
    this = Path(__file__).resolve()
    for file in files:
        content = file.read_bytes()
        name = file.relative_to(ROOT)
        if b"\0" in content:
            continue
        if b"\r\n" in content:
            yield f"{name}: CRLF line ends"
        text = content.decode(errors="replace")
        if file == this:
            continue
        if REGISTRY.search(text):
            yield f"{name}: names a package registry"
        if found := MACHINE_PATH.search(text):
            yield f"{name}: names a path of some machine ({found[0]}…)"


def stats_tags():
    """envoy.yaml repeats stats_tags.yaml, because a bootstrap is one file."""
    snippet = [line for line in (ROOT / "envoy/stats_tags.yaml").read_text().splitlines() if line.startswith("  - ")]
    bootstrap = (ROOT / "envoy/envoy.yaml").read_text()
    marked = re.search(r"# stats_tags begin\n(.*?) *# stats_tags end", bootstrap, re.S)
    if not snippet or not marked or [line.rstrip() for line in marked[1].splitlines()] != snippet:
        yield "envoy/envoy.yaml and envoy/stats_tags.yaml differ in their tags"


def plugin_configurations():
    """The README's smallest configuration is the one of envoy/minimal.yaml, which the demo runs."""
    shipped = re.search(r"value: \|\n((?: {20}.*\n)+)", (ROOT / "envoy/minimal.yaml").read_text())
    squeezed = re.sub(r"\s+", "", shipped[1])
    if squeezed not in re.sub(r"\s+", "", (ROOT / "README.md").read_text()):
        yield "README.md does not show the configuration of envoy/minimal.yaml"


def metrics():
    """docs/operations.md lists what the code counts."""
    named = set()
    for source in (ROOT / "src").rglob("*.rs"):
        for name in re.findall(r'"(oidcaudit\.[a-z0-9_.]+[a-z0-9_])"', source.read_text()):
            name = re.sub(r"\.(class|reason|severity|status)\.\w+", lambda found: f".{found[1]}.{found[1].upper()}", name)
            named.add(name)
    section = (ROOT / "docs/operations.md").read_text().split("## Metrics")[1].split("\n## ")[0]
    listed = set()
    for row in re.findall(r"^\| (`oidcaudit.*?) \|", section, re.M):
        listed.update(re.findall(r"`(oidcaudit\.[\w.]+)`", row))
    yield from (f"docs/operations.md does not list the metric {name}" for name in sorted(named - listed))
    yield from (f"docs/operations.md lists {name}, which the code does not count" for name in sorted(listed - named))


if __name__ == "__main__":
    sys.exit(main())
