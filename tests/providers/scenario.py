#!/usr/bin/env python3
"""`make providers`: the same scenario against real providers, each behind a real Envoy with the filter, must leave the
same events with the same outcomes.

    scenario.py [oidc-provider] [spring] [keycloak]      (default: all three)

scenario.tsv has the events of each step. What a provider does otherwise stands in differences.tsv with its reason; a
difference that is not listed fails, and so does a row that nothing needs any more. Exits 77 where a provider could not
run, and says which.
"""

import collections
import json
import shutil
import signal
import sys
import time
from datetime import datetime

import parts
import stage
from processes import INTERRUPTIONS
from servers import Keycloak, OidcProvider, Spring

FOLDER = stage.ROOT / "target" / "providers"
PROVIDERS = {provider.name: provider for provider in (OidcProvider, Spring, Keycloak)}
DRIVE_WITHIN = 180
NOT_RUN = 77


def main(names):
    unknown = [name for name in names if name not in PROVIDERS]
    if unknown:
        raise stage.Failed(f"unknown provider {unknown[0]} (known: {', '.join(PROVIDERS)})")
    names = names or list(PROVIDERS)
    parts.node_modules()
    expected = table("scenario.tsv", ["step", "events"])
    listed = table("differences.tsv", ["provider", "step", "events", "reason"])
    found, missing, problems = {}, {}, []
    for name in names:
        began = time.monotonic()
        try:
            found[name] = play(PROVIDERS[name])
            print(f"providers: {name} played in {time.monotonic() - began:.0f} s", flush=True)
        except parts.Missing as reason:
            missing[name] = str(reason)
    for name, steps in found.items():
        problems += judge(name, steps, dict(expected), [row for row in listed if row[0] == name])
    report(expected, listed, found)
    for problem in problems:
        print(f"  {problem}", file=sys.stderr)
    for name, reason in missing.items():
        print(f"providers: {name} did not run: {reason}", file=sys.stderr)
    if problems:
        raise stage.Failed(f"{len(problems)} differences; what was recorded is in {stage.show(FOLDER)}")
    if missing:
        return NOT_RUN
    print(f"providers passed: {len(expected)} steps, {', '.join(found)}", flush=True)
    return 0


def table(name, columns):
    lines = (parts.HERE / name).read_text().splitlines()
    if lines[0].split("\t") != columns:
        raise stage.Failed(f"{name}: its columns are {', '.join(columns)}")
    rows = [tuple(line.split("\t")) for line in lines[1:]]
    for row in rows:
        if len(row) != len(columns) or not all(row):
            raise stage.Failed(f"{name}: a row has not {len(columns)} columns: {row}")
    return rows


def play(provider_class):
    """The events of each step."""
    folder = FOLDER / provider_class.name
    shutil.rmtree(folder, ignore_errors=True)
    run = stage.Stage(folder)
    try:
        provider = provider_class(run)
        run.start(provider)
        provider.start()
        steps = folder / "steps.jsonl"
        settings = {"issuer": provider.issuer(), "rp": run.rp, "relyingPartyPort": run.ports["relying_party"]}
        settings.update(provider.scenario(), steps=str(steps))
        run.drive(parts.HERE / "scenario.mjs", settings, DRIVE_WITHIN)
        run.settle()
        return by_step([json.loads(line) for line in steps.read_text().splitlines()], run.records())
    finally:
        run.stop()


def by_step(steps, records):
    events = {step["name"]: [] for step in steps}
    for record in records:
        time_ms = datetime.fromisoformat(record["ts"].replace("Z", "+00:00")).timestamp() * 1000
        begun = [step["name"] for step in steps if step["from"] <= time_ms + 0.5]
        if not begun:
            # Envoy's own look at the provider, before the first step.
            continue
        events[begun[-1]].append(f"{record['event']}:{record['outcome']}")
    return {name: " ".join(sorted(words)) or "-" for name, words in events.items()}


def judge(name, steps, expected, listed):
    problems = []
    if list(steps) != list(expected):
        return [f"{name}: the steps are not those of scenario.tsv"]
    rows = {step: events for _, step, events, _ in listed}
    for step, events in steps.items():
        if step in rows and rows[step] == expected[step]:
            problems.append(f"{name}, {step}: the listed difference is none")
        wanted = rows.get(step, expected[step])
        if events != wanted:
            listing = "the table of differences" if step in rows else "scenario.tsv"
            problems.append(f"{name}, {step}: recorded {events}\n    {listing} says {wanted}")
    problems += [f"{name}: differences.tsv has the unknown step {step}" for step in rows if step not in steps]
    return problems


def report(expected, listed, found):
    """Where the providers agree, and where not."""
    counts = collections.Counter()
    width = max(len(step) for step, _ in expected)
    for step, events in expected:
        marks = []
        for name, steps in found.items():
            same = steps.get(step) == events
            counts[name] += same
            marks.append(f"{name}: {'same' if same else 'other'}")
        print(f"  {step:<{width}}  {'  '.join(f'{mark:<22}' for mark in marks)} {events}")
    for name, step, events, reason in listed:
        if name in found:
            print(f"  {name}, {step}: {events}\n    because {reason}")
    for name in found:
        print(f"providers: {name}: {counts[name]} of {len(expected)} steps leave the same events", flush=True)


if __name__ == "__main__":
    for handled in INTERRUPTIONS:
        signal.signal(handled, lambda number, _: sys.exit(128 + number))
    try:
        sys.exit(main(sys.argv[1:]))
    except (stage.Failed, parts.bootstrap.Missing) as failure:
        print(f"providers FAILED: {failure}", file=sys.stderr)
        sys.exit(1)
