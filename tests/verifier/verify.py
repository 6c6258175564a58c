#!/usr/bin/env python3
"""A second verifier of evidence, written from docs/record-format.md and docs/verification.md alone.

    verify.py --trust TRUST.json [--from TIME] [--to TIME] [--as-of TIME] [--expect GROUP]... FILE...
    verify.py --cases CASES.jsonl      (each line: {"trust", "lines" in base64, "from"?, "to"?, "as_of"?}; a report a line)

Prints the JSON of `oidc-audit verify --json`; exits with its exit code. Needs the package `cryptography` for Ed25519.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
from collections import namedtuple
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

EXIT = {
    **dict.fromkeys(["redacted", "expired"], 0),
    **dict.fromkeys(["declared_loss", "unclean_end", "clock_step", "border"], 1),
    **dict.fromkeys(["untrusted", "unsigned", "unbound", "unsealed", "missing_group"], 3),
}
NOBODY = ("untrusted", "unsigned", "unbound")  # stands behind such a checkpoint
WORST = {0: 0, 1: 1, 3: 2, 2: 3}
VERDICTS = {0: "intact", 1: "incomplete", 2: "tampered", 3: "undecided"}
CLAIMED_ID = re.compile(r"([0-9a-f]{32})-(c?)(0|[1-9][0-9]{0,15})")
STATEMENTS = {  # event -> typ of its JWS, and what the key that signs it must be allowed
    "audit.bound": ("oidc-audit-bound+jwt", "bind"),
    "audit.expired": ("oidc-audit-expired+jwt", "retain"),
    "audit.lookup": ("oidc-audit-lookup+jwt", "lookup"),
    "audit.redacted": ("oidc-audit-redacted+jwt", "redact"),
}
KINDS = ("anchor", "batch", "beat", "close", "loss", "open", "roll")
SEGMENT = r"(?!\.\.?(?:/|\Z))[A-Za-z0-9._-]+"
SPIFFE = re.compile(rf"spiffe://[a-z0-9._-]{{1,255}}(?:/{SEGMENT})+")
ISTIO = re.compile(r"spiffe://[^/]+/ns/([^/]+)/sa/[^/]+")
TAG = 16
# Top-level members of records, by their schemas: others are a store's.
SCHEMAS = Path(__file__).resolve().parent.parent.parent / "schemas/record"
MEMBERS = {name for path in SCHEMAS.glob("*.json") for name in json.loads(path.read_text())["properties"]}

Asked = namedtuple("Asked", "begin end as_of groups")


def main():
    arguments = read_arguments()
    if arguments.cases:
        for case in map(json.loads, open(arguments.cases)):
            asked = Asked(*(case.get(name) for name in ("from", "to", "as_of")), [])
            lines = map(base64.b64decode, case["lines"])
            print(json.dumps(verify(lines, case["trust"], asked), sort_keys=True))
        return 0
    asked = Asked(arguments.begin, arguments.end, arguments.as_of, arguments.expect)
    lines = (line for path in arguments.files for line in (sys.stdin.buffer if path == "-" else open(path, "rb")))
    report = verify(lines, json.load(open(arguments.trust)), asked)
    print(json.dumps(report, sort_keys=True))
    return report["exit"]


def verify(lines, trust, asked):
    streams, statements, other = {}, [], 0
    for line in lines:
        line = line.strip(b" \t\r\n")
        other += bool(line) and not take(line, streams, statements)
    return Export(streams, statements, trust, asked).judge(other)


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases")
    parser.add_argument("--trust")
    parser.add_argument("--from", dest="begin", type=micros)
    parser.add_argument("--to", dest="end", type=micros)
    parser.add_argument("--as-of", type=micros)
    parser.add_argument("--expect", action="append", default=[])
    parser.add_argument("files", nargs="*")
    return parser.parse_args()


def micros(text):
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)


# Bytes ----------------------------------------------------------------------------------------------------------


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf(text):
    return sha256(b"\0" + text)


def tree(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\1" + tree(leaves[:split]) + tree(leaves[split:]))


def unbase64(text):
    """base64url without padding, in its one spelling."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if tobase64(data) != text:
        raise ValueError("not the one spelling")
    return data


def tobase64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def parse(data):
    """JSON in which no member is there twice."""
    return json.loads(data.decode(), object_pairs_hook=once, parse_constant=float.fromhex)


def once(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members


# Lines ----------------------------------------------------------------------------------------------------------


class Stream:
    def __init__(self, name):
        self.name = name
        self.lines = 0
        self.records = {}  # number -> set of (leaf of all members, leaf of those that records have)
        self.checkpoints = {}  # n -> {jws: Checkpoint}
        self.broken = []  # ids of lines that claim to be checkpoints and are none
        self.problems = []
        self.believed = False  # one of its checkpoints
        self.bindings = {}  # (SPIFFE id, group, bytes of the key) -> id of the statement that says so
        self.writer = None

    def problem(self, kind, **more):
        entry = {"kind": kind, **more}
        if entry not in self.problems:
            self.problems.append(entry)


class Checkpoint:
    """Claims of a well-formed JWS; whether they can be believed is decided later."""

    def __init__(self, jws, typ="oidc-audit-cp+jwt"):
        header, payload, signature = jws.split(".")
        self.jws, self.signed, self.key = jws, f"{header}.{payload}".encode(), None
        self.header = parse_canonical(unbase64(header))
        self.claims = parse_canonical(unbase64(payload))
        self.signature = unbase64(signature)
        if self.header.get("typ") != typ or self.claims["v"] != 1:
            raise ValueError("no checkpoint")
        if self.header["alg"] != "none" and len(unbase64(self.header["kid"])) != 32:
            raise ValueError("no thumbprint")
        self.digest = tobase64(sha256(jws.encode()))
        self.name()

    def name(self):
        claims = self.claims
        self.stream, self.n = claims["str"], claims["n"]
        for name in ("n", "ep", "tot", "iat", "nb", "pend"):
            if type(claims[name]) is not int or not 0 <= claims[name] < 2**53:
                raise ValueError(name)
        if claims["knd"] not in KINDS or (claims["knd"] == "open") != (self.n == 0) or ("prev" in claims) != (self.n > 0):
            raise ValueError("knd")
        self.id, self.event = f"{self.stream}-c{self.n}", "audit.checkpoint"

    def line(self):
        seconds, rest = divmod(self.claims["iat"], 1_000_000)
        moment = datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
        stamp = f"{moment}.{rest // 1000:03}Z"
        return {"event": self.event, "id": self.id, "jws": self.jws, "schema": "oidc-audit/1", "ts": stamp}


class Statement(Checkpoint):
    """What an operator signed: of the same form, with another `typ`."""

    def __init__(self, jws, event):
        self.event = event
        super().__init__(jws, STATEMENTS[event][0])

    def name(self):
        claims = self.claims
        if self.event == "audit.redacted":
            self.id = f"{claims['str']}-{claims['num']}"
            self.leaf = unbase64(claims["leaf"])
        elif self.event == "audit.lookup":
            texts = [claims["who"], claims["why"], *claims["ps"]]
            if not 1 <= len(claims["ps"]) <= 256 or not all(isinstance(text, str) for text in texts):
                raise ValueError("no lookup")
            self.id = f"lookup-{self.digest}"
        elif self.event == "audit.bound":
            self.id = f"bound-{self.digest}"
            self.binding = (claims["spiffe"], claims["grp"], unbase64(claims["x"]))
            if len(claims["spiffe"]) > 2048 or not SPIFFE.fullmatch(claims["spiffe"]) or len(self.binding[2]) != 32:
                raise ValueError("no binding")
        else:
            self.id = f"expired-{self.digest}"


def parse_canonical(data):
    value = parse(data)
    if canonical(value) != data or not isinstance(value, dict):
        raise ValueError("not canonical")
    return value


def take(line, streams, statements):
    """Sorts a line into its stream; false if it is none of ours."""
    try:
        value = parse(line)
        if value.get("event") == "finding.raised":
            return False
        statement = read_statement(value)
        if statement:
            statements.append(statement)
            return True
        stream, kind, number = CLAIMED_ID.fullmatch(value["id"]).groups()
        # Byte mode where the text is canonical; field mode where a store gave back members, and perhaps its own.
        texts = [canonical(value), canonical({name: value[name] for name in value if name in MEMBERS})]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    if not kind and number == "0":
        return False
    of = streams.setdefault(stream, Stream(stream))
    if kind:
        try:
            checkpoint = Checkpoint(value["jws"])
            expected = checkpoint.line()
            if {name: value.get(name) for name in expected} != expected:
                raise ValueError("the line is not the one of its JWS")
            of.checkpoints.setdefault(checkpoint.n, {})[checkpoint.jws] = checkpoint
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            of.broken.append(value["id"])
    else:
        of.lines += 1
        of.records.setdefault(int(number), set()).add(tuple(map(leaf, texts)))
    return True


def read_statement(value):
    """What an operator signed; None if the line is something else."""
    if value.get("event") not in STATEMENTS:
        return None
    try:
        statement = Statement(value["jws"], value["event"])
        expected = statement.line()
        return statement if {name: value.get(name) for name in expected} == expected else None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


# Trust ----------------------------------------------------------------------------------------------------------


def thumbprint(x):
    return tobase64(sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()))


def parse_trusted(key):
    if "d" in key or key["kty"] != "OKP" or key["crv"] != "Ed25519" or key["kid"] != thumbprint(key["x"]):
        raise ValueError("the trust file is not one")
    if not set(key.get("may", ["seal"])) <= {"seal", "bind", "lookup", "redact", "retain"}:
        raise ValueError("the trust file is not one")
    bounds = [micros(key[name]) if name in key else None for name in ("not_before", "not_after")]
    return {**key, "bounds": bounds}


def made(x, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(unbase64(x)).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


def may(key, power, claims):
    begin, end = key["bounds"]
    in_time = (begin is None or claims["iat"] >= begin) and (end is None or claims["iat"] <= end)
    return in_time and power in key.get("may", ["seal"])


def may_write(key, claims):
    patterns = key.get("grp")
    own = patterns is None or any(glob(pattern, claims.get("grp", "")) for pattern in patterns)
    return may(key, "seal", claims) and own and key.get("iss", claims.get("iss")) == claims.get("iss")


def forbids(writers, spiffe, group):
    """Whether a trust file says that this workload may not write for the group."""
    if writers is not None:
        own = (rule for rule in writers if glob(rule["spiffe"], spiffe))
        return not any(glob(pattern, group) for rule in own for pattern in rule["grp"])
    istio = ISTIO.fullmatch(spiffe)
    return bool(istio) and not group.startswith(f"{istio[1]}/")


def glob(pattern, text):
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.S) is not None


# Judgement ------------------------------------------------------------------------------------------------------


class Export:
    def __init__(self, streams, statements, trust, asked):
        self.streams, self.statements, self.asked = streams, statements, asked
        self.trust = {key["kid"]: key for key in map(parse_trusted, trust["keys"])}
        self.writers = trust.get("writers")
        self.expired = {}  # stream -> (last checkpoint that has expired or -1, its digest, last record)
        self.windowed = asked.begin is not None or asked.end is not None
        self.problems = []
        self.lookups = set()

    def judge(self, other):
        for statement in self.statements:
            self.believe_statement(statement)
        for stream in self.streams.values():
            self.believe(stream)
        stamps = [point.claims["iat"] for stream in self.streams.values() for point in stream.chain]
        self.as_of = self.asked.as_of or max(stamps, default=0)
        for stream in self.streams.values():
            self.judge_stream(stream)
        self.judge_beats()
        for stream in self.streams.values():
            self.judge_end(stream)
        self.judge_groups()
        return self.report(other)

    def believe_statement(self, statement):
        key = self.trust.get(statement.header.get("kid"))
        doubt = None
        if statement.header.get("alg") not in ("EdDSA", "Ed25519"):
            doubt = "bad_signature"
        elif key is None:
            doubt = "untrusted"
        elif not made(key["x"], statement.signed, statement.signature):
            doubt = "bad_signature"
        elif not may(key, STATEMENTS[statement.event][1], statement.claims):
            doubt = "wrong_writer"
        if statement.event == "audit.bound":
            self.believe_binding(statement, doubt)
        elif statement.event == "audit.redacted":
            stream = self.streams.setdefault(statement.claims["str"], Stream(statement.claims["str"]))
            stream.problem(doubt or "redacted", id=statement.id)
            if not doubt:
                stream.records.setdefault(statement.claims["num"], set()).add((statement.leaf, statement.leaf))
        elif doubt:
            self.problems.append({"kind": doubt, "id": statement.id})
        elif statement.event == "audit.lookup":
            self.lookups.add(statement.id)
        else:
            for entry in statement.claims["streams"]:
                self.expired.setdefault(entry["str"], []).append((entry.get("n", -1), entry.get("h"), entry["last"]))

    def believe_binding(self, statement, doubt):
        stream = self.streams.setdefault(statement.claims["str"], Stream(statement.claims["str"]))
        spiffe, group, _ = statement.binding
        if not doubt and forbids(self.writers, spiffe, group):
            doubt = "wrong_writer"
        if doubt:
            stream.problem(doubt, id=statement.id)
        else:
            known = stream.bindings.get(statement.binding, statement.id)
            stream.bindings[statement.binding] = min(known, statement.id)

    def judge_bindings(self, stream):
        """Whose the keys are that only the stream names: those that are bound, and those that a bound key names."""
        own = min(stream.bindings, default=None)
        bound, fresh = set(), {tobase64(x) for _, _, x in stream.bindings}
        while fresh:
            bound |= fresh
            fresh = {named for x in fresh for named in stream.names.get(x, ())} - bound
        since = None
        for point in stream.enrolled:
            if point.key not in bound:
                stream.problem("unbound", id=point.id)
                continue
            since = point.n if since is None else min(since, point.n)
            if point.claims.get("grp") != own[1]:
                stream.problem("wrong_writer", id=point.id)
        for binding, statement in stream.bindings.items():
            if binding[:2] != own[:2]:
                stream.problem("wrong_writer", id=statement)
        others = {point.key for point in stream.enrolled if point.claims["knd"] == "open"} - bound
        if own and others and stream.name not in self.expired:
            stream.problem("wrong_writer", id=f"{stream.name}-c0")
        if stream.believed:
            since, stream.writer = 0, "asserted"
        elif since is not None:
            stream.writer = own[0]
        # A stream is signed in one way: after a checkpoint that is believed, those that nobody stands behind are not its own.
        for problem in stream.problems:
            _, _, number = problem.get("id", "").partition(f"{stream.name}-c")
            if since is not None and problem["kind"] in NOBODY and number.isdigit() and int(number) >= since:
                problem["kind"] = "bad_signature"

    def believe(self, stream):
        """Signatures; leaves in `stream.chain` one believed checkpoint for each number, in order."""
        for broken in stream.broken:
            stream.problem("bad_signature", id=broken)
        keys = {}  # epoch -> keys that a believed `cnf` names
        stream.chain, stream.enrolled, stream.names = [], [], {}
        bound = {tobase64(x) for _, _, x in stream.bindings}
        nobodys = set()  # checkpoints whose key nobody names: what they name in turn counts for nothing
        for n in sorted(stream.checkpoints):
            believed = []
            for point in stream.checkpoints[n].values():
                why = self.doubt(point, keys, bound)
                if why == "untrusted" and "crt" not in point.claims:
                    nobodys.add(point.jws)
                if why is None or why in NOBODY or why == "wrong_writer":
                    believed.append(point)
                if why == "unbound":
                    stream.enrolled.append(point)
                elif why:
                    stream.problem(why, id=point.id)
                else:
                    stream.believed = True
            if len(believed) > 1:
                stream.problem("forked", id=believed[0].id)
            if believed:
                point = min(believed, key=lambda point: point.jws)
                stream.chain.append(point)
                claims = point.claims
                if "cnf" in claims and point.jws not in nobodys:
                    stream.names.setdefault(point.key, set()).add(claims["cnf"]["jwk"]["x"])
                    epoch = claims["ep"] + (claims["knd"] == "roll")
                    keys.setdefault(epoch, set()).add(claims["cnf"]["jwk"]["x"])
        self.judge_bindings(stream)

    def doubt(self, point, keys, bound):
        """Why a checkpoint cannot be believed; None if it can. `unbound`: only the stream, or a binding, names its key."""
        header, claims = point.header, point.claims
        if header.get("alg") == "none":
            return "unsigned" if not point.signature and "kid" not in header else "bad_signature"
        if header.get("alg") not in ("EdDSA", "Ed25519"):
            return "bad_signature"
        if header.get("kid") in self.trust:
            key = self.trust[header["kid"]]
            if not made(key["x"], point.signed, point.signature):
                return "bad_signature"
            return None if may_write(key, claims) else "wrong_writer"
        certificate = claims.get("crt")
        if certificate:
            x = certificate["x"]
            if thumbprint(x) != header.get("kid") or not made(x, point.signed, point.signature):
                return "bad_signature"
            key = self.trust.get(certificate["kid"])
            if key is None:
                return "untrusted"
            text = f"oidc-audit-epoch/1\n{point.stream}\n{claims['ep']}\n{x}".encode()
            if not made(key["x"], text, unbase64(certificate["sig"])):
                return "bad_signature"
            return None if may_write(key, claims) else "wrong_writer"
        named = keys.get(claims["ep"], set()) | bound
        if claims["knd"] in ("open", "anchor") and "cnf" in claims:
            named = named | {claims["cnf"]["jwk"]["x"]}
        for x in named:
            if thumbprint(x) == header.get("kid"):
                point.key = x
                return "unbound" if made(x, point.signed, point.signature) else "bad_signature"
        return "untrusted"

    def judge_stream(self, stream):
        if not stream.chain:
            if stream.records and not self.windowed:
                stream.problem("unknown_stream", id=f"{stream.name}-{min(stream.records)}")
            return
        lost, lost_points = set(), set()
        for point in stream.chain:
            for entry in point.claims.get("loss", []):
                lost.update(number for a, b in entry.get("ranges", []) for number in range(a, b + 1))
                lost_points.update(number for a, b in entry.get("cps", []) for number in range(a, b + 1))
        gone = set()
        for n, digest, last in self.expired.get(stream.name, []):
            gone.update(range(1, last + 1))
            lost_points.update(range(0, n + 1))
            self.judge_expired(stream, n, digest)
        seen = self.inside(stream.chain)
        covered, absent = set(), set()
        stream.hidden, stream.declared = set(), set()  # numbers whose checkpoints are not here, without and with a word
        for point in seen:
            self.judge_batch(stream, point, covered, absent)
        self.judge_chain(stream, seen, lost_points, absent)
        if seen and self.asked.begin is not None and seen[0].n > 0 and "first" in seen[0].claims:
            if seen[0].n - 1 not in {point.n for point in stream.chain}:
                # The export begins inside this batch: what of it was before the window was left out for that.
                border = absent & set(range(seen[0].claims["first"], seen[0].claims["last"] + 1))
                absent -= border
                self.tell(stream, "border", border)
        absent_for = {"expired": absent & gone, "declared_loss": (absent & lost) - gone, "undeclared_loss": absent - lost - gone}
        for kind, numbers in absent_for.items():
            self.tell(stream, kind, numbers)
        self.judge_strangers(stream, seen, covered)

    def tell(self, stream, kind, numbers):
        for first, last in ranges(numbers):
            places = {"id": first} if first == last else {"from": first, "to": last}
            stream.problem(kind, **{name: f"{stream.name}-{number}" for name, number in places.items()})

    def judge_expired(self, stream, n, digest):
        """What is left must be the rest of what has expired."""
        if n < 0:
            return
        known = {point.n: point for point in stream.chain}
        after = stream.chain[0].claims.get("prev") if stream.chain[0].n == n + 1 else None
        here = known[n].digest if n in known else None
        if (after or here or digest) != digest:
            stream.problem("chain_broken", id=f"{stream.name}-c{n + 1}")

    def inside(self, chain):
        begin, end = self.asked.begin, self.asked.end
        return [
            point
            for point in chain
            if (begin is None or point.claims["iat"] >= begin) and (end is None or point.claims["iat"] <= end)
        ]

    def judge_chain(self, stream, seen, lost_points, absent):
        if seen and not self.windowed and seen[0].n != 0:
            self.hole(stream, 0, seen[0].n - 1, 1, seen[0].claims, lost_points, absent)
        for before, after in zip(seen, seen[1:]):
            if after.n == before.n + 1:
                if after.claims.get("prev") != before.digest:
                    stream.problem("chain_broken", id=after.id)
                next_number = before.claims["tot"] + 1
                if "first" in after.claims and after.claims["first"] != next_number:
                    stream.problem("chain_broken", id=after.id)
            else:
                number = before.claims["tot"] + 1
                self.hole(stream, before.n + 1, after.n - 1, number, after.claims, lost_points, absent)
            if "mono" in before.claims and "mono" in after.claims:
                walls = after.claims["iat"] - before.claims["iat"]
                if abs(walls - (after.claims["mono"] - before.claims["mono"])) > 1_000_000:
                    stream.problem("clock_step", id=after.id)

    def hole(self, stream, first, last, number, after, lost_points, absent):
        """Checkpoints `first` to `last` are not here; they covered from `number` to before what `after` covers."""
        missing = [n for n in range(first, last + 1) if n not in lost_points]
        until = after["first"] - 1 if "first" in after else after["tot"]
        numbers = set(range(number, until + 1))
        there = numbers & set(stream.records)
        if not missing:
            stream.declared |= numbers
            absent |= numbers - there
            return
        kind = "seal_missing" if there else "deleted_batch"
        stream.problem(kind, **{"from": f"{stream.name}-c{missing[0]}", "to": f"{stream.name}-c{missing[-1]}"})
        stream.hidden |= numbers

    def judge_batch(self, stream, point, covered, absent):
        claims = point.claims
        if "first" not in claims:
            return
        numbers = range(claims["first"], claims["last"] + 1)
        tags = unbase64(claims["lvs"])
        if len(tags) != TAG * len(numbers) or claims["cnt"] != len(numbers):
            stream.problem("root_mismatch", id=point.id)
            return
        covered.update(numbers)
        leaves = []
        for index, number in enumerate(numbers):
            wanted = tags[TAG * index : TAG * index + TAG]
            contents = stream.records.get(number, set())
            right = [own for content in contents for own in content if own[:TAG] == wanted]
            name = f"{stream.name}-{number}"
            if right:
                leaves.append(right[0])
                if any(wanted not in (own[:TAG] for own in content) for content in contents):
                    stream.problem("forged", id=name)
            elif contents:
                stream.problem("edited", id=name)
            else:
                absent.add(number)
        if len(leaves) == len(numbers) and tobase64(tree(leaves)) != claims["root"]:
            stream.problem("root_mismatch", id=point.id)

    def judge_strangers(self, stream, seen, covered):
        if not seen:
            return
        if self.windowed:
            return
        total, closed = seen[-1].claims["tot"], any("end" in point.claims for point in stream.chain)
        for number in sorted(set(stream.records) - covered - stream.hidden):
            unsealed = (number > total and not closed) or number in stream.declared
            stream.problem("unsealed" if unsealed else "forged", id=f"{stream.name}-{number}")

    def judge_beats(self):
        """What beats say of their siblings: heads that are not here, and presence."""
        heads = {}  # stream -> the highest head that is named of it, and the last time at which it was
        for point in (point for stream in self.streams.values() for point in stream.chain):
            for head in point.claims.get("sib", []):
                known, at = heads.get(head["str"], (head, 0))
                if head["n"] > known["n"]:
                    known, at = head, 0
                if head["n"] == known["n"]:
                    heads[head["str"]] = (known, max(at, point.claims["iat"]))
        for name, (head, at) in sorted(heads.items()):
            sibling, place = self.streams.get(name), f"{name}-c{head['n']}"
            if sibling is None or not sibling.chain:
                gone = any(n >= head["n"] for n, _, _ in self.expired.get(name, []))
                if not self.windowed and not gone:
                    self.problems.append({"kind": "missing_stream", "id": place})
                continue
            known = {checkpoint.n: checkpoint for checkpoint in sibling.chain}
            last = sibling.chain[-1].n
            if head["n"] > last:
                if not self.windowed:
                    sibling.problem("truncated", id=place)
            elif head["n"] in known and known[head["n"]].digest != head["h"]:
                sibling.problem("forked", id=place)
            elif head["n"] == last:
                sibling.named = at

    def judge_end(self, stream):
        stream.end = "none"
        if not stream.chain:
            return
        last = stream.chain[-1]
        claims = last.claims
        present = max(claims["iat"], getattr(stream, "named", 0)) + claims["nb"] * 1_100_000
        if any("end" in point.claims for point in stream.chain):
            stream.end = "closed"
        elif any(problem["kind"] == "truncated" for problem in stream.problems):
            stream.end = "truncated"
        elif present >= self.as_of:
            stream.end = "live"
        elif self.windowed and self.asked.end is not None and claims["iat"] > self.asked.end:
            stream.end = "outside"
        elif claims["pend"] == 0 and self.replaced(stream, claims):
            stream.end = "ended_idle"
        else:
            stream.end = "unclean_end"
            stream.problem("unclean_end", id=last.id)

    def replaced(self, stream, claims):
        others = (other.chain[0].claims for other in self.streams.values() if other is not stream and other.chain)
        same = (other for other in others if "grp" in claims and workload(other.get("grp")) == workload(claims["grp"]))
        return any(other["iat"] > claims["iat"] and other["knd"] == "open" for other in same)

    def judge_groups(self):
        groups = {point.claims.get("grp") for stream in self.streams.values() for point in stream.chain}
        for wanted in self.asked.groups:
            if not any(group is not None and glob(wanted, group) for group in groups):
                self.problems.append({"kind": "missing_group", "id": wanted})

    def report(self, other):
        streams, codes = [], [code_of(problem) for problem in self.problems]
        for name in sorted(self.streams):
            stream = self.streams[name]
            if not stream.chain and not stream.records and not stream.problems:
                continue  # there is a statement about it, and nothing else
            code = worst(map(code_of, stream.problems))
            codes.append(code)
            group = next((point.claims["grp"] for point in stream.chain if "grp" in point.claims), None)
            streams.append(
                {
                    "stream": name,
                    "group": group,
                    **({"writer": stream.writer} if stream.writer else {}),
                    "verdict": VERDICTS[code],
                    "end": stream.end,
                    "records": stream.lines,
                    "checkpoints": len(stream.chain),
                    "problems": stream.problems,
                }
            )
        code = worst(codes) if any(stream.chain or stream.records for stream in self.streams.values()) else 3
        return {
            "schema": "oidc-audit-verify/1",
            "exit": code,
            "verdict": VERDICTS[code],
            "as_of": self.as_of,
            "other": other,
            "lookups": len(self.lookups),
            "records": sum(stream.lines for stream in self.streams.values()),
            "checkpoints": sum(len(stream.chain) for stream in self.streams.values()),
            "problems": self.problems,
            "streams": streams,
        }


def workload(group):
    """The writer group without the pod: what replaces a pod has another name."""
    return group and group.rpartition("/")[0] or group


def ranges(numbers):
    """First and last of every row without holes."""
    rows = []
    for number in sorted(numbers):
        if rows and rows[-1][1] == number - 1:
            rows[-1][1] = number
        else:
            rows.append([number, number])
    return rows


def code_of(problem):
    return EXIT.get(problem["kind"], 2)


def worst(codes):
    return max(codes, key=lambda code: WORST[code], default=0)


if __name__ == "__main__":
    sys.exit(main())
