"""What every run against a real provider needs: a real Envoy with the built filter before a provider and before a
relying party, `oidc-audit collect` behind it, and a driver; all on loopback ports that are picked."""

import base64
import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "demo"), str(ROOT / "tools")]

from processes import Failed, Processes, answers, fetch, free_ports, listens  # noqa: E402

TYPE = "type.googleapis.com/envoy.extensions"
PARTS = {
    "envoy": (ROOT / ".tools/bin/envoy", "make tools"),
    "node": (ROOT / ".tools/bin/node", "make tools"),
    "module": (ROOT / "target/wasm32-wasip1/release/oidc_audit.wasm", "make wasm"),
    "oidc-audit": (ROOT / "target/debug/oidc-audit", "make build"),
}
KEY_ID = "k1"
# How often the filter looks at its queue, and how many quiet looks say that it has no more.
LOOK_MS = 200
QUIET_LOOKS = 10


class Stage:
    """One provider's run."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.processes = Processes(folder)
        names = ("op", "rp", "provider", "relying_party", "collect", "admin")
        self.ports = dict(zip(names, free_ports(len(names))))
        self.op = f"http://127.0.0.1:{self.ports['op']}"
        self.rp = f"http://127.0.0.1:{self.ports['rp']}"
        # Past Envoy, so that what a test asks a provider itself leaves no record.
        self.provider = f"http://127.0.0.1:{self.ports['provider']}"
        self.keys = {"join": secrets.token_bytes(32), "pseudonym": secrets.token_bytes(32)}

    def start(self, provider):
        """The log cluster and Envoy, which is told of the provider and of the relying party."""
        collect = [part("oidc-audit"), "collect", "--listen", f"127.0.0.1:{self.ports['collect']}"]
        process = self.processes.start("collect", [*collect, "--dir", self.folder / "records"])
        process.wait_until(lambda: listens(self.ports["collect"]), "no listener")
        bootstrap = self.folder / "envoy.json"
        bootstrap.write_text(json.dumps(self.bootstrap(self.configuration(provider)), indent=1))
        command = [part("envoy"), "-c", bootstrap, "--concurrency", "1", "--disable-hot-restart", "-l", "warning"]
        keys = {f"OIDC_AUDIT_{name.upper()}_KEY": text(key) for name, key in self.keys.items()}
        envoy = self.processes.start("envoy", command, **keys)
        envoy.wait_until(lambda: answers(f"http://127.0.0.1:{self.ports['admin']}/ready"), "not ready", within=60)
        if self.metric("config.invalid") != 0:
            raise Failed(f"the filter refuses its configuration: {envoy.last_lines()}")

    def configuration(self, provider):
        key = {name: {"current": {"id": KEY_ID, "env": f"OIDC_AUDIT_{name.upper()}_KEY"}} for name in self.keys}
        own = {"providers": provider.providers} if provider.providers else {}
        return {
            "issuers": provider.issuers(),
            "relying_parties": [{"authority": f"127.0.0.1:{self.ports['rp']}", **provider.relying_party}],
            **own,
            "sinks": [{"cluster": "audit_log"}],
            "keys": key,
            "delivery": {"interval_ms": LOOK_MS},
        }

    def bootstrap(self, configuration):
        listeners, clusters = [], [cluster("audit_log", self.ports["collect"])]
        for name, upstream in (("op", "provider"), ("rp", "relying_party")):
            clusters.append(cluster(upstream, self.ports[upstream]))
            listeners.append(listener(name, self.ports[name], upstream, configuration))
        admin = {"address": address(self.ports["admin"])}
        return {"admin": admin, "static_resources": {"listeners": listeners, "clusters": clusters}}

    def metric(self, name):
        """The sum over the filter's instances; None where there is none."""
        stats = fetch(f"http://127.0.0.1:{self.ports['admin']}/stats?filter=oidcaudit.{name}$") or b""
        values = [int(line.rpartition(b": ")[2]) for line in stats.splitlines()]
        return sum(values) if values else None

    def drive(self, script, settings, within, only=("",)):
        """Plays `script` in Node.js to its end and shows the lines that hold one of `only`."""
        file = self.folder / "settings.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(settings))
        driver = self.processes.start("driver", [part("node"), script], SETTINGS=str(file))
        deadline = time.monotonic() + within
        with open(driver.log) as log:
            while True:
                ended = driver.child.poll() is not None
                for line in log:
                    if any(word in line for word in only):
                        print(f"  {line}", end="", flush=True)
                if ended:
                    break
                if time.monotonic() > deadline:
                    raise Failed(f"the driver did not end within {within:.0f} s: {driver.last_lines()}")
                time.sleep(0.05)
        file.unlink()
        if driver.child.returncode != 0:
            raise Failed(f"the driver met a surprise: {driver.last_lines()}")

    def settle(self, within=60):
        """Waits until the log cluster has acknowledged all that was recorded: the filter counts when it looks at its
        queue, so nothing may be left, and nothing come, for many looks."""
        deadline = time.monotonic() + within
        quiet, seen = time.monotonic(), None
        while time.monotonic() - quiet < QUIET_LOOKS * LOOK_MS / 1000:
            now = [self.metric(name) for name in ("queue_bytes", "sealed_batches", "created", "acknowledged")]
            if now[:2] != [0, 0] or now != seen:
                quiet, seen = time.monotonic(), now
            if time.monotonic() > deadline:
                raise Failed(f"after {within} s the filter still holds records")
            time.sleep(0.1)
        lost = self.metric("lost")
        if lost:
            raise Failed(f"{lost} records were lost")

    def records(self):
        """The records of exchanges, in the order of their exchanges."""
        records = []
        for file in sorted((self.folder / "records").rglob("*.jsonl")):
            records += [json.loads(line) for line in file.read_bytes().split(b"\n") if line]
        return sorted((record for record in records if "exchange" in record), key=lambda record: record["ts"])

    def stop(self):
        self.processes.stop()


def part(name):
    path, bring = PARTS[name]
    if not path.exists():
        raise Failed(f"{path.relative_to(ROOT)} is missing: `{bring}` makes it")
    return path


def cluster(name, port):
    endpoint = {"endpoint": {"address": address(port)}}
    assignment = {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}
    return {"name": name, "type": "STATIC", "connect_timeout": "5s", "load_assignment": assignment}


def listener(name, port, upstream, configuration):
    route = {"match": {"prefix": "/"}, "route": {"cluster": upstream, "timeout": "60s"}}
    value = {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": json.dumps(configuration)}
    vm = {
        "runtime": "envoy.wasm.runtime.v8",
        "code": {"local": {"filename": str(part("module"))}},
        "environment_variables": {"host_env_keys": ["OIDC_AUDIT_JOIN_KEY", "OIDC_AUDIT_PSEUDONYM_KEY"]},
    }
    plugin = {"name": f"oidc-audit-{name}", "fail_open": True, "vm_config": vm, "configuration": value}
    audit = {"@type": f"{TYPE}.filters.http.wasm.v3.Wasm", "config": plugin}
    router = {"@type": f"{TYPE}.filters.http.router.v3.Router"}
    manager = {
        "@type": f"{TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "use_remote_address": True,
        "route_config": {"virtual_hosts": [{"name": name, "domains": ["*"], "routes": [route]}]},
        "http_filters": [{"name": "oidc-audit", "typed_config": audit}, {"name": "router", "typed_config": router}],
    }
    chain = {"filters": [{"name": "http_connection_manager", "typed_config": manager}]}
    return {"name": name, "address": address(port), "filter_chains": [chain]}


def address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def text(key):
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


def run(command, refusal, **how):
    result = subprocess.run([str(item) for item in command], capture_output=True, text=True, **how)
    if result.returncode != 0:
        raise Failed(f"{refusal}: {(result.stdout + result.stderr).strip()[-2000:]}")
    return result.stdout


def show(path):
    return os.path.relpath(path, ROOT)
