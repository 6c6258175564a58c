#!/usr/bin/env python3
"""Loads every file of envoy/: Envoy validates the bootstraps, `oidc-audit check` reads every plugin configuration.

The module's path and the CA are put in place of the examples'; nothing else is changed. The commented production
form of the log cluster is validated too.
"""

import base64
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVOY = ROOT / ".tools/bin/envoy"
MODULE = ROOT / "target/wasm32-wasip1/release/oidc_audit.wasm"
TOOL = ROOT / "target/debug/oidc-audit"
# Secrets that the configuration names; any will do.
ENVIRONMENT = {
    "OIDC_AUDIT_JOIN_KEY": base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=").decode(),
    "OIDC_AUDIT_PSEUDONYM_KEY": base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=").decode(),
    "OIDC_AUDIT_SIGNING_KEY": base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=").decode(),
    "OIDC_AUDIT_TOKEN": "example",
}


def main():
    for needed in (ENVOY, MODULE, TOOL):
        if not needed.exists():
            sys.exit(f"envoy-check: {needed.relative_to(ROOT)} is missing: `make tools wasm build`")
    ca = next((ROOT / ".tools/venv").glob("lib*/python*/site-packages/pip/_vendor/certifi/cacert.pem"))
    shipped = (ROOT / "envoy/envoy.yaml").read_text()
    bootstraps = {
        "envoy.yaml": shipped,
        "envoy.yaml, production log cluster": production(shipped),
        "minimal.yaml": (ROOT / "envoy/minimal.yaml").read_text(),
    }
    failed = [name for name, text in bootstraps.items() if not validates(name, text, ca)]
    manifests = {"istio/wasmplugin.yaml": (ROOT / "envoy/istio/wasmplugin.yaml").read_text()}
    failed += [name for name, text in {**bootstraps, **manifests}.items() if not passes_check(name, text)]
    sys.exit(bool(failed))


def production(text):
    """The log cluster as it must be off this host: the commented lines, and the address that they are for."""
    return re.sub(r"^( *)#~ ?", r"\1", text, flags=re.M).replace("127.0.0.1, port_value: 9470", "audit-log.example.com, port_value: 443")


def validates(name, text, ca):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "envoy.yaml"
        file.write_text(text.replace("/etc/envoy/oidc_audit.wasm", str(MODULE)).replace("/etc/envoy/audit-log-ca.pem", str(ca)))
        command = [str(ENVOY), "--mode", "validate", "-c", str(file), "-l", "warning", "--component-log-level", "wasm:info"]
        result = subprocess.run(command, env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True)
    # Envoy warns once that `fail_open` is deprecated: known, and explained in the file.
    complaints = [line for line in result.stderr.splitlines() if "[error]" in line or "[critical]" in line]
    passed = result.returncode == 0 and not complaints
    print(f"{'ok' if passed else 'FAILED':<7} envoy --mode validate: {name}")
    if not passed:
        print(result.stderr)
    return passed


def passes_check(name, text):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "checked.yaml"
        file.write_text(text)
        result = subprocess.run(
            [str(TOOL), "check", str(file)], env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True
        )
    print(f"{'ok' if result.returncode == 0 else 'FAILED':<7} oidc-audit check: {name}")
    if result.returncode != 0:
        print(result.stdout + result.stderr)
    return result.returncode == 0


if __name__ == "__main__":
    main()
