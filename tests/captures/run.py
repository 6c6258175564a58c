#!/usr/bin/env python3
"""`make captures DIR=…/captures`: captured traffic of real providers, replayed through the built module; where a capture
holds Keycloak's own account of it, that is compared with the records too.

The captures are not in the repository: without a folder of them nothing runs, and the exit status is 77.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CARGO = ["cargo", "test", "--locked", "--quiet", "-p", "oidc-audit", "--test", "captures"]
NOT_RUN = 77


def main(folder):
    if not folder:
        print("captures did not run: they are not in the repository; say where they are: make captures DIR=…/captures")
        return NOT_RUN
    captures = Path(folder).resolve()
    if not captures.is_dir():
        print(f"captures did not run: {folder} is no folder", file=sys.stderr)
        return 1
    environment = dict(os.environ, CAPTURES=str(captures))
    failed = [] if run([*CARGO, "--", "--ignored", "--nocapture"], environment) else ["the replay"]
    oracle = [sys.executable, ROOT / "tests/providers/oracle.py"]
    for truth in sorted(captures.glob("*/_truth")):
        name = truth.parent.name
        oracle += [ROOT / "target" / "captures" / f"{name}.records.jsonl", truth, realms(name)]
    if len(oracle) > 2 and not run(oracle, environment):
        failed.append("Keycloak's own log")
    if failed:
        print(f"captures FAILED: {', '.join(failed)}", file=sys.stderr)
        return 1
    print("captures passed")
    return 0


def realms(name):
    """Below which URL the realms of a capture are: that of its first issuer."""
    configuration = (ROOT / "tests" / "captures" / f"{name}.json").read_text()
    return configuration.split('"issuer": "')[1].split('"')[0].rpartition("/")[0]


def run(command, environment):
    return subprocess.run(command, cwd=ROOT, env=environment).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
