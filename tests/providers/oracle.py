#!/usr/bin/env python3
"""Keycloak's own event log against the records of the filter, event by event, by ids.

    oracle.py RECORDS.jsonl TRUTH REALMS …

RECORDS: what `tests/captures.rs` leaves in target/captures. TRUTH: a folder with Keycloak's events.json and
admin-events.json. REALMS: the URL below which the realms are. Three arguments for each capture.

An event and a record belong together when every id that both of them have agrees: the test knows the keys, so it
computes the join values of Keycloak's ids (`token_id` is a `jti`, `sessionId` a `sid`, `userId` a `sub`) and compares
them with the record's. One of our records answers one event. What differs must stand in keycloak/differences.tsv with
its reason; a difference that is not listed fails, and so does a row that nothing needs any more.
"""

import base64
import collections
import hashlib
import hmac
import json
import sys
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The bytes 00 to 1f: the keys of every test.
TEST_KEYS = {"join": bytes(range(32)), "pseudonym": bytes(range(32))}
TEST_KEY_ID = "k1"
# Clocks: Keycloak stamps in whole milliseconds, Envoy's record begins with the request head.
LEEWAY_MS = 2

# What an event of Keycloak is on the wire: the records that may answer it, and their outcome.
TOKEN = ("token.issued", "token.refreshed", "token.exchanged")
REFUSED = ("token.denied", "client.auth_failed")
WIRE = {
    "AUTHREQID_TO_TOKEN": (("token.issued",), "success"),
    "CLIENT_DELETE": (("client.deleted",), "success"),
    "CLIENT_INFO": (("client.read",), "success"),
    "CLIENT_INFO_ERROR": (("client.read", "client.auth_failed"), "failure"),
    "CLIENT_LOGIN": (("token.issued",), "success"),
    "CLIENT_LOGIN_ERROR": (REFUSED, "failure"),
    "CLIENT_REGISTER": (("client.registered",), "success"),
    "CLIENT_REGISTER_ERROR": (("client.registered", "client.auth_failed"), "failure"),
    "CLIENT_UPDATE": (("client.updated",), "success"),
    "CODE_TO_TOKEN": (("token.issued",), "success"),
    "CODE_TO_TOKEN_ERROR": (REFUSED, "failure"),
    "IDENTITY_PROVIDER_LOGIN_ERROR": (("callback.received",), "failure"),
    "INTROSPECT_TOKEN": (("token.introspected",), "success"),
    "INTROSPECT_TOKEN_ERROR": (("token.introspected", "client.auth_failed"), "failure"),
    "LOGIN": (("authorization.response",), "success"),
    "LOGIN_ERROR": (("authorization.error",), "failure"),
    "LOGOUT": (("logout.completed", "logout.backchannel"), "success"),
    "LOGOUT_ERROR": (("logout.requested", "client.auth_failed"), "failure"),
    "OAUTH2_DEVICE_AUTH_ERROR": (("device.authorization", "client.auth_failed"), "failure"),
    "OAUTH2_DEVICE_CODE_TO_TOKEN": (("token.issued",), "success"),
    "OAUTH2_DEVICE_CODE_TO_TOKEN_ERROR": (REFUSED, "failure"),
    "OAUTH2_DEVICE_VERIFY_USER_CODE": (("device.user_code",), "success"),
    "OAUTH2_DEVICE_VERIFY_USER_CODE_ERROR": (("device.user_code",), "failure"),
    "PERMISSION_TOKEN": (("token.issued",), "success"),
    "PERMISSION_TOKEN_ERROR": (REFUSED, "failure"),
    "PUSHED_AUTHORIZATION_REQUEST_ERROR": (("par.request", "client.auth_failed"), "failure"),
    "REFRESH_TOKEN": (("token.refreshed",), "success"),
    "REFRESH_TOKEN_ERROR": (REFUSED, "failure"),
    "REVOKE_GRANT": (("token.revoked",), "success"),
    "REVOKE_GRANT_ERROR": (("token.revoked", "client.auth_failed"), "failure"),
    "TOKEN_EXCHANGE": (("token.exchanged",), "success"),
    "TOKEN_EXCHANGE_ERROR": (REFUSED, "failure"),
    "USER_INFO_REQUEST": (("userinfo.accessed",), "success"),
    "USER_INFO_REQUEST_ERROR": (("userinfo.accessed",), "failure"),
    "ACTION USER": (("session.terminated",), "success"),
    "DELETE USER_SESSION": (("session.terminated",), "success"),
}
# Errors of LOGIN_ERROR that speak of a person's password or code, not of the authorization request.
CREDENTIALS = {"invalid_user_credentials", "user_disabled", "user_not_found", "user_temporarily_disabled"}
# The strongest first.
EVIDENCE = ("token id", "session", "subject", "client", "exchange")


class Event:
    """One event of Keycloak, with the join values of its ids."""

    def __init__(self, raw, realms, keys):
        self.raw = raw
        details = raw.get("details") or {}
        self.error = raw.get("error")
        self.type = raw.get("type") or f"{raw['operationType']} {raw['resourceType']}"
        self.name = f"{self.type} {self.error}" if self.error else self.type
        self.realm = raw["realm"]
        self.authority = realms.split("/")[2]
        self.time = raw["time"]
        self.client = raw.get("clientId")
        self.grant = details.get("grant_type")
        self.issuer = f"{realms}/{self.realm}"
        self.ids = {
            "jti": keys.all("join", "jti", self.issuer, details.get("token_id")),
            "sid": keys.all("join", "sid", self.issuer, raw.get("sessionId")),
            "sub": keys.all("pseudonym", "sub", self.issuer, raw.get("userId")),
        }

    def wire(self):
        """Names and outcome of the record that answers it; None where Keycloak alone can know."""
        if self.type == "LOGIN" and self.grant:
            return TOKEN, "success"
        if self.type == "LOGIN_ERROR" and self.grant:
            return REFUSED, "failure"
        if self.type == "LOGIN_ERROR" and self.error in CREDENTIALS:
            return ("login.attempt",), "failure"
        return WIRE.get(self.type)


class Record:
    """One of our records."""

    def __init__(self, raw, number=None):
        self.raw = raw
        self.number = number
        self.name = raw["event"]
        self.outcome = raw["outcome"]
        self.tenant = raw.get("tenant")
        self.authority = raw["exchange"]["authority"]
        self.exchange = raw["exchange"]["id"]
        # Whose ids they are: a broker is told of another issuer's sessions.
        self.issuer = raw.get("subject", {}).get("iss") or raw.get("issuer")
        self.client = raw.get("client", {}).get("id")
        join = raw.get("join", {})
        self.ids = {role: set(join.get(role, [])) for role in ("jti", "sid", "sub")}
        self.begin = datetime.fromisoformat(raw["ts"].replace("Z", "+00:00")).timestamp() * 1000
        self.end = self.begin + raw["dur_ms"]
        self.event = None

    def distance(self, time):
        """How far a moment is from the exchange; of two around it the shorter is nearer."""
        return max(self.begin - time, time - self.end, 0), self.end - self.begin

    def __str__(self):
        return f"{self.name}:{self.outcome}"


class Keys:
    """Join values (PROTOCOL §3.3) under known secrets."""

    def __init__(self, secrets, key_id):
        self.key_id = key_id
        self.derived = {
            "join": derive(secrets["join"], b"oidc-audit/join/v1"),
            "pseudonym": derive(secrets["pseudonym"], b"oidc-audit/pii/v1"),
        }
        self.versions = {"join": "oidc-audit/join/v1", "pseudonym": "oidc-audit/pii/v1"}

    def all(self, purpose, label, scope, value):
        if not value:
            return set()
        parts = (self.versions[purpose], label, scope, value)
        message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
        digest = hmac.new(self.derived[purpose], message, hashlib.sha256).digest()[:16]
        return {f"{self.key_id}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"}


def derive(secret, info):
    """RFC 5869, without salt, for 32 bytes."""
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\1", hashlib.sha256).digest()


class Differences:
    """The committed table: what Keycloak says (`TYPE error`, ` @client` where only that client's is meant), what we
    record instead, and why. `-` is no record at all; `+` before a record means one that answers another event of the
    same exchange already: Keycloak sometimes logs two for one act."""

    def __init__(self, path):
        self.path = path
        lines = path.read_text().splitlines()
        if lines[0].split("\t") != ["keycloak", "recorded", "reason"]:
            raise SystemExit(f"{path}: its columns are keycloak, recorded, reason")
        self.rows = [tuple(line.split("\t")) for line in lines[1:]]
        self.used = collections.Counter()

    def of(self, event):
        return [row for row in self.rows if row[0] in (event.name, f"{event.name} @{event.client}")]

    def outdated(self):
        """What a whole run must not leave: rows that nothing has needed."""
        unused = [row for row in self.rows if not self.used[row]]
        return [f"{self.path.name}: nothing needs the row: {' | '.join(row[:2])}" for row in unused]


class Comparison:
    """Who answers whom."""

    def __init__(self, events, records, differences):
        self.events = events
        self.records = records
        self.differences = differences
        self.matched = collections.defaultdict(collections.Counter)
        self.differing = collections.Counter()
        self.problems = []
        # By what the rules say first: only what is left over may answer a difference.
        left = [event for event in events if not self.answer(event)]
        for event in left:
            if not self.differ(event):
                self.problems.append(f"no record answers {describe(event)}")
        self.problems += self.repeated()

    def answer(self, event):
        wire = event.wire()
        return wire is not None and self.take(event, *wire)

    def differ(self, event):
        """Whether a listed difference explains the event; a row without a record explains any number."""
        for row in self.differences.of(event):
            name, _, outcome = row[1].removeprefix("+").partition(":")
            shared = row[1].startswith("+")
            if name == "-" or self.take(event, (name,), outcome, listed=True, shared=shared):
                self.differences.used[row] += 1
                self.differing[row] += 1
                return True
        return False

    def take(self, event, names, outcome, listed=False, shared=False):
        free = [record for record in self.records if (record.event is not None) == shared]
        fits = [(strength(event, record), record) for record in free if fitting(event, record, names, outcome)]
        if not fits:
            return False
        evidence, record = min(fits, key=lambda fit: (EVIDENCE.index(fit[0]), *fit[1].distance(event.time)))
        record.event = record.event or event
        if not listed:
            self.matched[event.name][evidence] += 1
        fixture = event.raw.get("fixture")
        if fixture and record.number is not None and int(fixture.split("-")[0]) != record.number:
            self.problems.append(f"{describe(event)} is answered by exchange {record.number}")
        return True

    def repeated(self):
        """Records that say once more what another record of the same exchange has said."""
        told = {(record.exchange, str(record)): record.event for record in self.records if record.event}
        again = [record for record in self.records if not record.event and (record.exchange, str(record)) in told]
        return [f"recorded twice: {record} for {describe(told[record.exchange, str(record)])}" for record in again]

    def report(self):
        """The agreement table."""
        yield f"{'Keycloak says':<58} {'n':>4}  " + "  ".join(f"{evidence:>8}" for evidence in EVIDENCE)
        for name in sorted(self.matched):
            counts = self.matched[name]
            cells = "  ".join(f"{counts[evidence] or '':>8}" for evidence in EVIDENCE)
            yield f"{name:<58} {sum(counts.values()):>4}  {cells}"
        total = collections.Counter()
        for counts in self.matched.values():
            total.update(counts)
        cells = "  ".join(f"{total[evidence] or '':>8}" for evidence in EVIDENCE)
        yield f"{'matched, by the strongest id that both have':<58} {sum(total.values()):>4}  {cells}"
        yield ""
        yield f"listed differences: {sum(self.differing.values())} events"
        for row, count in sorted(self.differing.items()):
            yield f"  {count:>3} {row[0]} -> {row[1]}: {row[2]}"
        alone = collections.Counter(str(record) for record in self.records if record.event is None)
        yield f"recorded, and not in Keycloak's log: {sum(alone.values())} records"
        yield "  " + ", ".join(f"{count} {name}" for name, count in sorted(alone.items()))
        wire = sum(total.values())
        missing = sum(problem.startswith("no record") for problem in self.problems)
        share = 100 * wire / (wire + missing) if wire + missing else 100
        yield f"agreement: {wire} of {wire + missing} events with a wire form have their record ({share:.1f} %)"


def fitting(event, record, names, outcome):
    """Whether the record may answer the event: it says the same of an exchange with the same realm at the same time, and
    no id of it contradicts."""
    return (
        record.name in names
        and record.outcome == outcome
        and (record.authority, record.tenant) == (event.authority, event.realm)
        and record.begin - LEEWAY_MS <= event.time <= record.end + LEEWAY_MS
        and strength(event, record) is not None
    )


def strength(event, record):
    """The strongest id that both have; None where an id contradicts."""
    agreed = []
    for evidence, role in (("token id", "jti"), ("session", "sid"), ("subject", "sub")):
        wanted, found = event.ids[role], record.ids[role]
        if wanted and found and event.issuer == record.issuer:
            if not wanted & found:
                return None
            agreed.append(evidence)
    if event.client and record.client:
        if event.client != record.client:
            return None
        agreed.append("client")
    return agreed[0] if agreed else "exchange"


def describe(event):
    raw = event.raw
    place = raw.get("fixture") or raw.get("step") or event.time
    reason = (raw.get("details") or {}).get("reason", "")
    return f"{event.name} (client {event.client}, {place}) {reason}".rstrip()


def compare(raw_events, records, realms, keys, differences):
    """Prints the table; the problems are the answer."""
    comparison = Comparison([Event(raw, realms, keys) for raw in raw_events], records, differences)
    for line in comparison.report():
        print(line, flush=True)
    return comparison.problems


def committed():
    return Differences(HERE / "keycloak" / "differences.tsv")


def main(arguments):
    differences, problems = committed(), []
    for records_file, truth, realms in zip(*[iter(arguments)] * 3):
        print(f"\nKeycloak's log in {truth} against {records_file}", flush=True)
        lines = [json.loads(line) for line in Path(records_file).read_text().splitlines()]
        records = [Record(line["record"], line["number"]) for line in lines]
        events = json.loads((Path(truth) / "events.json").read_text())
        # An administrator's act that was not an exchange of the capture left nothing to record.
        events += [event for event in json.loads((Path(truth) / "admin-events.json").read_text()) if "fixture" in event]
        problems += compare(events, records, realms, Keys(TEST_KEYS, TEST_KEY_ID), differences)
    problems += differences.outdated()
    for problem in problems:
        print(f"  {problem}", file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    if len(sys.argv) < 4 or len(sys.argv) % 3 != 1:
        raise SystemExit(__doc__)
    sys.exit(main(sys.argv[1:]))
