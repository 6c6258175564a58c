#!/usr/bin/env python3
"""`make demo`: real OpenID Connect through a real Envoy with the filter, into `oidc-audit collect`, read as a timeline.

    demo/run.py [--minimal] [--keep]

Starts everything on loopback ports that it picks, from the configuration that this repository ships (envoy/), plays
driver.mjs, and then checks: that the timeline tells what happened, that no output holds a secret, and that
`oidc-audit verify` finds the records intact and one changed byte in a copy of them. Stops everything that it started,
also when it is interrupted. Exits 0 only if every check held.
"""

import argparse
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import hunt
import story
from processes import INTERRUPTIONS, Failed, Processes, answers, fetch, free_ports, listens

ROOT = Path(__file__).resolve().parent.parent
RUNS = ROOT / ".demo"
KEPT_RUNS = 5
# Exit codes of `oidc-audit verify` (docs/verification.md).
INTACT, TAMPERED, UNDECIDED = 0, 2, 3
# What relying-party.mjs serves, as `relying_parties` names it.
SHOP = {"login": "/login", "callback": "/callback", "logout": "/logout", "post_logout": "/goodbye"}


def main():
    options = read_options()
    needed = find_parts()
    hunt.prove()
    began = time.monotonic()
    folder = make_folder()
    with tempfile.TemporaryDirectory(prefix="oidc-audit-demo-") as private:
        demo = Demo(options, needed, folder, Path(private))
        try:
            demo.start()
            demo.play()
            demo.read_records()
            demo.check()
            if options.keep:
                demo.keep()
        finally:
            # From here on nothing may interrupt: every process must be gone when this one is.
            for number in INTERRUPTIONS:
                signal.signal(number, signal.SIG_IGN)
            demo.processes.stop()
        demo.read_ends()
        demo.verify()
        demo.search_for_secrets("after everything has stopped")
        demo.show_an_edit()
    say(f"demo passed in {time.monotonic() - began:.0f} s; records: {show(folder / 'records')}")


def read_options():
    parser = argparse.ArgumentParser(description="A login through Envoy, audited.")
    parser.add_argument("--minimal", action="store_true", help="with envoy/minimal.yaml instead of envoy/envoy.yaml")
    parser.add_argument("--keep", action="store_true", help="stay up, with the URLs printed, until Ctrl-C")
    return parser.parse_args()


def find_parts():
    parts = {
        "envoy": (ROOT / ".tools/bin/envoy", "make tools"),
        "node": (ROOT / ".tools/bin/node", "make tools"),
        "module": (ROOT / "target/wasm32-wasip1/release/oidc_audit.wasm", "make wasm"),
        "oidc-audit": (Path(os.environ.get("OIDC_AUDIT", ROOT / "target/debug/oidc-audit")), "make build"),
    }
    for path, bring in parts.values():
        if not path.exists():
            raise Failed(f"{path} is missing: `{bring}` makes it")
    return {name: path for name, (path, _) in parts.items()}


def make_folder():
    """One folder per run, the last few kept, `latest` pointing at the newest."""
    RUNS.mkdir(exist_ok=True)
    for old in sorted(RUNS.glob("run-*"))[: -KEPT_RUNS + 1]:
        shutil.rmtree(old, ignore_errors=True)
    folder = RUNS / f"run-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}"
    folder.mkdir()
    latest = RUNS / "latest"
    latest.unlink(missing_ok=True)
    latest.symlink_to(folder.name)
    return folder


class Demo:
    def __init__(self, options, parts, folder, private):
        self.options = options
        self.parts = parts
        self.folder = folder
        self.processes = Processes(folder)
        names = ("idp", "provider", "relying_party", "collect", "admin")
        self.ports = dict(zip(names, free_ports(len(names))))
        self.issuer = f"http://127.0.0.1:{self.ports['idp']}"
        # Behind the provider's own listener, told from it by the name of the host.
        shop = f"127.0.0.1:{self.ports['relying_party']}" if options.minimal else f"localhost:{self.ports['idp']}"
        self.relying_party = f"http://{shop}"
        self.secrets_file = private / "secrets.jsonl"
        self.settings_file = private / "settings.json"
        self.settings = self.make_settings()
        self.trust_file = folder / "trust.json"
        self.keys = {**self.make_keys(), "OIDC_AUDIT_TOKEN": secrets.token_urlsafe(32)}
        self.write_private()

    def make_settings(self):
        """Names are the same in every run, secrets never."""
        return {
            "issuer": self.issuer,
            "relyingParty": self.relying_party,
            "providerPort": self.ports["provider"],
            "relyingPartyPort": self.ports["relying_party"],
            "client": {"id": "web-shop", "secret": secrets.token_urlsafe(32)},
            "job": {"id": "nightly-job", "secret": secrets.token_urlsafe(32)},
            "users": {name: secrets.token_urlsafe(12) for name in ("alice", "bob", "visitor")},
            "cookieKey": secrets.token_urlsafe(32),
            "secrets": str(self.secrets_file),
        }

    def make_keys(self):
        """Secrets only in memory and in Envoy's environment; on disk the public part of the one that signs."""
        made = json.loads(self.oidc_audit("keygen", "--json"))
        self.trust_file.write_text(json.dumps(made["trust"], indent=2) + "\n")
        return made["env"]

    def write_private(self):
        noted = [("client secret", self.settings[name]["secret"]) for name in ("client", "job")]
        noted += [("password", password) for password in self.settings["users"].values()]
        noted += [("cookie key", self.settings["cookieKey"])]
        noted += list(self.keys.items())
        lines = [json.dumps({"kind": kind, "value": value}) + "\n" for kind, value in noted]
        for file, text in ((self.secrets_file, "".join(lines)), (self.settings_file, json.dumps(self.settings))):
            file.touch(mode=0o600)
            file.write_text(text)

    # Starting ---------------------------------------------------------------------------------------------------

    def start(self):
        say("starting on loopback: log cluster, OpenID provider, Envoy with the filter, relying party")
        self.start_collect()
        self.start_node("provider", self.ports["provider"])
        self.start_envoy()
        self.start_node("relying-party", self.ports["relying_party"])

    def start_collect(self):
        port = self.ports["collect"]
        command = [self.parts["oidc-audit"], "collect", "--listen", f"127.0.0.1:{port}"]
        command += ["--dir", self.folder / "records", "--token-env", "OIDC_AUDIT_TOKEN"]
        if self.options.minimal:
            command = command[:-2]
        token = {} if self.options.minimal else {"OIDC_AUDIT_TOKEN": self.keys["OIDC_AUDIT_TOKEN"]}
        collect = self.processes.start("collect", command, **token)
        collect.wait_until(lambda: listens(port), "no listener")

    def start_node(self, name, port):
        script = ROOT / "demo" / f"{name}.mjs"
        process = self.processes.start(name, [self.parts["node"], script], DEMO_SETTINGS=str(self.settings_file))
        process.wait_until(lambda: listens(port), "no listener")

    def start_envoy(self):
        bootstrap = self.folder / "envoy.yaml"
        bootstrap.write_text(self.bootstrap())
        command = [self.parts["envoy"], "-c", bootstrap, "--concurrency", "2", "--disable-hot-restart"]
        command += ["-l", "warning", "--component-log-level", "wasm:debug"]
        envoy = self.processes.start("envoy", command, **self.keys)
        admin = f"http://127.0.0.1:{self.ports['admin']}"
        envoy.wait_until(lambda: answers(f"{admin}/ready"), "not ready")

    def metric(self, name):
        text = fetch(f"http://127.0.0.1:{self.ports['admin']}/stats?filter=oidcaudit.{name}$") or b""
        values = [int(line.rpartition(b": ")[2]) for line in text.splitlines()]
        return values[0] if values else None

    def bootstrap(self):
        """The shipped file with this run's addresses in place of the example's, and the shop beside the provider."""
        shipped = ROOT / "envoy" / ("minimal.yaml" if self.options.minimal else "envoy.yaml")
        text = shipped.read_text()
        for example, ours in (
            ("https://idp.example.com", self.issuer),
            ("address: 0.0.0.0, port_value: 10000", f"address: 127.0.0.1, port_value: {self.ports['idp']}"),
            ("port_value: 8081", f"port_value: {self.ports['provider']}"),
            ("port_value: 9470", f"port_value: {self.ports['collect']}"),
            ("port_value: 9901", f"port_value: {self.ports['admin']}"),
            ("/etc/envoy/oidc_audit.wasm", str(self.parts["module"])),
            *(() if self.options.minimal else self.shop()),
        ):
            if text.count(example) != 1:
                raise Failed(f"{show(shipped)} must name {example} exactly once: the demo puts its own in its place")
            text = text.replace(example, ours)
        return text

    def shop(self):
        """A gateway in front of provider and application: where its traffic goes, and that it is audited."""
        authority = self.relying_party.removeprefix("http://")
        party = json.dumps({"authority": authority, **SHOP})
        routes = [{"match": {"prefix": "/"}, "route": {"cluster": "shop"}}]
        host = json.dumps({"name": "shop", "domains": [authority], "routes": routes})
        address = {"socket_address": {"address": "127.0.0.1", "port_value": self.ports["relying_party"]}}
        endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
        cluster = json.dumps({"name": "shop", "load_assignment": {"cluster_name": "shop", "endpoints": endpoints}})
        privacy = '"privacy": {"profile": "minimal"}'
        yield "            virtual_hosts:\n", f"            virtual_hosts:\n            - {host}\n"
        yield "  clusters:\n", f"  clusters:\n  - {cluster}\n"
        yield privacy, f'"relying_parties": [{party}],\n                      {privacy}'

    # Playing ----------------------------------------------------------------------------------------------------

    def play(self, within=120.0):
        say(f"playing against {self.issuer}")
        command = [self.parts["node"], ROOT / "demo/driver.mjs"]
        driver = self.processes.start("driver", command, DEMO_SETTINGS=str(self.settings_file))
        deadline = time.monotonic() + within
        with open(driver.log) as log:
            while True:
                ended = driver.child.poll() is not None
                for line in log:
                    print(line, end="", flush=True)
                if ended:
                    break
                if time.monotonic() > deadline:
                    raise Failed(f"the driver did not end within {within:.0f} s")
                time.sleep(0.05)
        if driver.child.returncode != 0:
            raise Failed("the driver met a surprise (above)")
        self.processes.running.remove(driver)

    def read_records(self, within=30.0):
        """Waits until every expected record is on disk."""
        deadline = time.monotonic() + within
        while missing := story.missing_events(self.records(), both_sides=not self.options.minimal):
            if time.monotonic() > deadline:
                raise Failed(f"after {within:.0f} s the log cluster has no record of: {', '.join(missing)}")
            time.sleep(0.1)
        say(f"{len(self.records())} records are in the log cluster: {show(self.folder / 'records')}")

    def records(self):
        records = []
        for file in sorted((self.folder / "records").rglob("*.jsonl")):
            lines = file.read_bytes().split(b"\n")
            # The last line of a file that is being written may be unfinished.
            records += [json.loads(line) for line in lines[:-1] if line]
        return records

    # Checking ---------------------------------------------------------------------------------------------------

    def check(self):
        timeline = self.oidc_audit("timeline", show(self.folder / "records"))
        (self.folder / "timeline.txt").write_text(timeline)
        print(f"\n{timeline}", flush=True)
        report = self.oidc_audit("timeline", "--json", show(self.folder / "records"))
        (self.folder / "timeline.json").write_text(report)
        for fact in story.check(json.loads(report), both_sides=not self.options.minimal):
            say(f"holds: {fact}")
        self.save_stats()
        self.search_for_secrets("while everything runs")

    def verify(self):
        """Without a signing key nobody can say who wrote the records: then that is what must be said."""
        records = show(self.folder / "records")
        if self.options.minimal:
            report = self.oidc_audit("verify", records, ends=UNDECIDED)
            fact = "nobody can vouch for the records, which are sealed but unsigned: minimal.yaml has no keys"
        else:
            report = self.oidc_audit("verify", "--trust", show(self.trust_file), records, ends=INTACT)
            fact = "every record is as the proxy sealed and signed it, and none of them is missing"
        (self.folder / "verify.txt").write_text(report)
        verdict = report.split()[0].lower()
        if self.options.minimal and "UNSIGNED" not in report:
            raise Failed(f"`oidc-audit verify` does not say that the records are unsigned:\n{report}")
        say(f"holds: oidc-audit verify says {verdict}: {fact}")

    def show_an_edit(self):
        """One byte of one record changed, in a copy: what the store's administrator could do."""
        if self.options.minimal:
            return say("not shown: an edited record. Who edits unsigned records can seal them again; see envoy.yaml")
        copy = self.folder / "edited"
        shutil.copytree(self.folder / "records", copy)
        edited = edit(copy, "token.issued", b'"web-shop"', b'"web-shep"')
        report = self.oidc_audit("verify", "--trust", show(self.trust_file), show(copy), ends=TAMPERED)
        (self.folder / "verify-edited.txt").write_text(report)
        if not any(line.split() == ["EDITED", edited] for line in report.splitlines()):
            raise Failed(f"`oidc-audit verify` does not name the edited record {edited}:\n{report}")
        print(f"\n{report}", flush=True)
        say(f"holds: with one byte changed in a copy, web-shop into web-shep, verify names the record: {edited}")

    def oidc_audit(self, *arguments, ends=0):
        command = [str(argument) for argument in (self.parts["oidc-audit"], *arguments)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if result.returncode != ends:
            said = f"{result.stdout if arguments[0] == 'verify' else ''}{result.stderr}".strip()
            raise Failed(f"`oidc-audit {arguments[0]}` ended with {result.returncode}, not {ends}: {said}")
        return result.stdout

    def save_stats(self):
        for path in ("stats", "stats/prometheus", "config_dump"):
            content = fetch(f"http://127.0.0.1:{self.ports['admin']}/{path}")
            if not content:
                raise Failed(f"Envoy's admin interface does not answer /{path}")
            (self.folder / f"{path.replace('/', '-')}.txt").write_bytes(content)
        if self.metric("config.invalid") != 0 or not self.metric("acknowledged"):
            raise Failed("the filter's metrics do not say that it works")
        labelled = b'oidcaudit_dropped{class="issuance",reason="full"} 0'
        if not self.options.minimal and labelled not in (self.folder / "stats-prometheus.txt").read_bytes():
            raise Failed("the metrics have no labels: see stats_tags in envoy/envoy.yaml")

    def search_for_secrets(self, when):
        noted = [json.loads(line) for line in self.secrets_file.read_text().splitlines()]
        kinds = {secret["kind"] for secret in noted}
        if absent := story.SECRET_KINDS - kinds:
            raise Failed(f"the demo noted no {', '.join(sorted(absent))}: the search would say nothing")
        outputs = [(show(file), file.read_bytes()) for file in sorted(self.folder.rglob("*")) if file.is_file()]
        outputs.append(("what this program printed", SAID.encode()))
        size = sum(len(content) for _, content in outputs)
        finds = hunt.hunt([(secret["kind"], secret["value"]) for secret in noted], outputs)
        if finds:
            raise Failed("secrets in the outputs:\n    " + "\n    ".join(finds))
        say(f"holds: none of {len(noted)} secrets is in {len(outputs)} outputs ({size // 1024} KiB), {when}")

    def read_ends(self):
        """At SIGTERM the last batch is best effort: told, not demanded."""
        events = [record["event"] for record in self.records()]
        started, ended = events.count("audit.start"), events.count("audit.stop")
        say(f"at SIGTERM {ended} of {started} streams brought their last record, audit.stop, into the log cluster")

    def keep(self):
        visitor = self.settings["users"]["visitor"]
        # To the terminal only: what is searched for secrets must not hold this password.
        print(f"\n  Log in at      {self.relying_party}/   as visitor, password {visitor}")
        say(f"  OpenID issuer  {self.issuer}/.well-known/openid-configuration")
        say(f"  Envoy's stats  http://127.0.0.1:{self.ports['admin']}/stats?filter=oidcaudit")
        say(f"  Read it        {show(self.parts['oidc-audit'])} timeline {show(self.folder / 'records')}")
        say("  Ctrl-C stops everything.")
        try:
            while all(process.child.poll() is None for process in self.processes.running):
                time.sleep(0.5)
        except Interrupted:
            return
        raise Failed("a process of the demo has ended by itself")


def edit(folder, event, old, new):
    """Changes the first record of `event` that holds `old`; answers its id."""
    for file in sorted(folder.rglob("*.jsonl")):
        lines = file.read_bytes().split(b"\n")
        for at, line in enumerate(lines):
            if old in line and json.loads(line).get("event") == event:
                lines[at] = line.replace(old, new, 1)
                file.write_bytes(b"\n".join(lines))
                return json.loads(line)["id"]
    raise Failed(f"no {event} holds what the demo edits")


SAID = ""


def say(line):
    global SAID
    SAID += line + "\n"
    print(line, flush=True)


def show(path):
    return os.path.relpath(path) if Path(path).is_relative_to(Path.cwd()) else str(path)


class Interrupted(BaseException):
    """The person, or a system that stops us, has had enough."""


def interrupt(number, _):
    raise Interrupted(number)


if __name__ == "__main__":
    for handled in INTERRUPTIONS:
        signal.signal(handled, interrupt)
    try:
        main()
    except Interrupted as interrupted:
        print("demo interrupted: everything that it started is stopped", file=sys.stderr)
        sys.exit(128 + interrupted.args[0])
    except (Failed, story.Untold) as failure:
        print(f"demo FAILED: {failure}", file=sys.stderr)
        sys.exit(1)
