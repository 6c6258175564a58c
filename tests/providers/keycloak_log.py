#!/usr/bin/env python3
"""`make keycloak`: a real Keycloak behind a real Envoy with the filter, driven through all that it can do; then its own
event log is read and compared with our records, by ids (oracle.py).

Exits 77 where Java or Maven is missing.
"""

import shutil
import signal
import sys
import time

import oracle
import parts
import stage
from processes import INTERRUPTIONS
from servers import DRIVEN_PARTY, Keycloak

FOLDER = stage.ROOT / "target" / "providers" / "keycloak-log"
DRIVE_WITHIN = 600


def main():
    parts.node_modules()
    parts.java()
    shutil.rmtree(FOLDER, ignore_errors=True)
    began = time.monotonic()
    run = stage.Stage(FOLDER)
    try:
        keycloak = Keycloak(run, DRIVEN_PARTY)
        print("keycloak: starting Envoy with the filter, the log cluster and Keycloak", flush=True)
        run.start(keycloak)
        keycloak.start()
        print(f"keycloak: serves after {time.monotonic() - began:.0f} s; driving it", flush=True)
        settings = {"op": run.op, "rp": run.rp, "provider": run.provider}
        settings["relyingPartyPort"] = run.ports["relying_party"]
        run.drive(parts.HERE / "keycloak" / "drive.mjs", settings, DRIVE_WITHIN, only=("BAD", "steps"))
        run.settle()
        events, records = keycloak.events(), run.records()
    finally:
        for number in INTERRUPTIONS:
            signal.signal(number, signal.SIG_IGN)
        run.stop()
    differences = oracle.committed()
    problems = oracle.compare(
        [event for event in events if on_the_wire(event)],
        [oracle.Record(record) for record in records],
        f"{run.op}/realms",
        oracle.Keys(run.keys, stage.KEY_ID),
        differences,
    )
    problems += differences.outdated()
    for problem in problems:
        print(f"  {problem}", file=sys.stderr)
    if problems:
        raise stage.Failed(f"{len(problems)} disagreements; Keycloak's log and ours are in {stage.show(FOLDER)}")
    print(f"keycloak passed in {time.monotonic() - began:.0f} s: its log and ours agree", flush=True)


def on_the_wire(event):
    """An administrator's act straight at Keycloak, which the driver does on the side, never came past the filter."""
    return "operationType" not in event or event["resourceType"] in ("USER", "USER_SESSION")


if __name__ == "__main__":
    for handled in INTERRUPTIONS:
        signal.signal(handled, lambda number, _: sys.exit(128 + number))
    try:
        main()
    except parts.Missing as missing:
        print(f"keycloak did not run: {missing}", file=sys.stderr)
        sys.exit(77)
    except (stage.Failed, parts.bootstrap.Missing) as failure:
        print(f"keycloak FAILED: {failure}", file=sys.stderr)
        sys.exit(1)
