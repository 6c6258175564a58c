"""The real providers: how each is started on a stage, and what the filter is told of it."""

import json
import secrets
import shutil
import urllib.parse
import urllib.request
from string import Template

import parts
from stage import ROOT, answers, listens, part

HERE = parts.HERE
ADMIN = {"username": "admin", "password": "admin-pw-not-real"}
ALICE = {"name": "alice", "password": "pw-not-real"}
CLIENTS = {name: {"id": id, "secret": f"{id}-secret-0123456789abcdef"} for name, id in (("client", "shop"), ("job", "job"))}


# Where browsers and providers reach the relying parties: that of the scenario, and that of the Keycloak drive.
RELYING_PARTY = {"callback": "/callback", "post_logout": "/goodbye"}
DRIVEN_PARTY = {
    "callback": "/cb",
    "post_logout": "/bye",
    "backchannel_logout": "/backchannel-logout",
    "frontchannel_logout": "/frontchannel-logout",
    "client_jwks": "/jwks.json",
}

# The pages of oidc-provider are its host's own: here those of the demo.
DEMO_PAGES = {
    "routes": {
        "/auth/{uid}": "resume",
        "/interaction/{uid}/{step}": "interaction",
        "/session/end/confirm": "end_session_confirm",
    },
    "logout_consent": "logout",
    "session_cookies": ["_session"],
    "login": [
        {
            "name": "demo-login",
            "path": "/interaction/{uid}/login",
            "means": "password",
            "rules": [
                {"status": 200, "attribute": {"name": "type", "value": "password"}, "outcome": "failure"},
                {"redirect_to": "/auth/{uid}", "outcome": "success"},
            ],
        },
        {
            "name": "demo-consent",
            "path": "/interaction/{uid}/consent",
            "consent": True,
            "rules": [{"redirect_to": "/auth/{uid}", "outcome": "success"}],
        },
    ],
}


class OidcProvider:
    """The provider of the demo."""

    name = "oidc-provider"
    providers = {"demo-pages": DEMO_PAGES}
    relying_party = RELYING_PARTY

    def __init__(self, stage):
        self.stage = stage

    def issuers(self):
        return [{"issuer": self.issuer(), "provider": "demo-pages"}]

    def issuer(self):
        return self.stage.op

    def scenario(self):
        return {"user": {"field": "login", **ALICE}, "confirmation": {"logout": "yes"}, **CLIENTS}

    def start(self):
        settings = {
            "issuer": self.issuer(),
            "relyingParty": self.stage.rp,
            "providerPort": self.stage.ports["provider"],
            "users": {ALICE["name"]: ALICE["password"]},
            "cookieKey": secrets.token_urlsafe(32),
            "secrets": str(self.stage.folder / "secrets.jsonl"),
            **CLIENTS,
        }
        file = self.stage.folder / "provider.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(settings))
        command = [part("node"), ROOT / "demo" / "provider.mjs"]
        server = self.stage.processes.start(self.name, command, DEMO_SETTINGS=str(file))
        server.wait_until(lambda: listens(self.stage.ports["provider"]), "no listener")


class Spring:
    name = "spring"
    providers = {}
    relying_party = RELYING_PARTY

    def __init__(self, stage):
        self.stage = stage
        self.jar = parts.spring()

    def issuers(self):
        return [{"issuer": self.issuer(), "provider": "spring-authorization-server"}]

    def issuer(self):
        return self.stage.op

    def scenario(self):
        return {"user": {"field": "username", **ALICE}, "confirmation": {}, **CLIENTS}

    def start(self):
        command = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", f"-Dissuer={self.issuer()}"]
        command += [f"-Drelying-party={self.stage.rp}", "-jar", self.jar]
        command += [f"--server.port={self.stage.ports['provider']}"]
        server = self.stage.processes.start(self.name, command)
        metadata = f"{self.stage.provider}/.well-known/openid-configuration"
        server.wait_until(lambda: answers(metadata), "does not serve", within=300)


class Keycloak:
    """In the scenario its relying party is as the others'; the drive has one with more endpoints."""

    name = "keycloak"
    providers = {}
    realms = ("acme", "upstream")

    def __init__(self, stage, relying_party=RELYING_PARTY):
        self.stage = stage
        self.relying_party = relying_party
        self.home = parts.keycloak()

    def issuers(self):
        return [{"issuer": f"{self.stage.op}/realms/{realm}", "provider": "keycloak"} for realm in self.realms]

    def issuer(self):
        return f"{self.stage.op}/realms/acme"

    def scenario(self):
        return {"user": {"field": "username", **ALICE}, "confirmation": {"confirmLogout": "Logout"}, **CLIENTS}

    def start(self):
        imports = self.home / "data" / "import"
        shutil.rmtree(imports, ignore_errors=True)
        imports.mkdir(parents=True)
        for realm in self.realms:
            text = Template((HERE / "keycloak" / f"{realm}-realm.json").read_text())
            (imports / f"{realm}-realm.json").write_text(text.substitute(OP=self.stage.op, RP=self.stage.rp))
        command = [self.home / "bin" / "kc.sh", "start", "--optimized", "--import-realm", "--cache=local"]
        command += ["--http-enabled=true", "--http-host=127.0.0.1", f"--http-port={self.stage.ports['provider']}"]
        # What it calls itself is Envoy's listener: else issuer and redirects go past the filter.
        command += [f"--hostname={self.stage.op}"]
        channel = "--spi-ciba-auth-channel--ciba-http-auth-channel--http-authentication-channel-uri"
        command += [f"{channel}={self.stage.rp}/ciba-device"]
        environment = {f"KC_BOOTSTRAP_ADMIN_{name.upper()}": value for name, value in ADMIN.items()}
        # The first compiler only: it starts in half the time.
        environment["JAVA_OPTS_APPEND"] = "-XX:TieredStopAtLevel=1"
        server = self.stage.processes.start(self.name, command, **environment)
        server.wait_until(lambda: answers(f"{self.stage.provider}/realms/acme"), "does not serve", within=300)
        self.log_everything()

    def log_everything(self):
        """Its event log leaves out refreshes, introspections and more unless it is told every type."""
        types = self.admin("serverinfo")["enums"]["eventType"]
        for realm in self.realms:
            self.admin(f"realms/{realm}/events/config", {"eventsEnabled": True, "enabledEventTypes": types})

    def events(self):
        """Its own account: what its users and its administrators did, oldest first."""
        rows = []
        for realm, kind in (*((realm, "events") for realm in self.realms), ("acme", "admin-events")):
            for first in range(0, 20_000, 500):
                page = self.admin(f"realms/{realm}/{kind}?first={first}&max=500")
                rows += [{**row, "realm": realm} for row in page]
                if len(page) < 500:
                    break
        return sorted(rows, key=lambda row: row["time"])

    def admin(self, path, body=None):
        """Straight to Keycloak: it leaves no record of ours."""
        form = {"grant_type": "password", "client_id": "admin-cli", **ADMIN}
        token = self.call("realms/master/protocol/openid-connect/token", urllib.parse.urlencode(form).encode())
        headers = {"authorization": f"Bearer {token['access_token']}", "content-type": "application/json"}
        return self.call(f"admin/{path}", body and json.dumps(body).encode(), headers, "PUT" if body else None)

    def call(self, path, body=None, headers=None, method=None):
        request = urllib.request.Request(f"{self.stage.provider}/{path}", body, headers or {}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as response:
            return json.loads(response.read() or b"null")
