"""Searches outputs for secrets: in clear, and percent-, JSON- and base64-escaped."""

import base64
import json
import os
from urllib.parse import quote, quote_plus

# Shorter values would be found by chance.
LEAST = 8


def forms(value):
    """Every spelling of `value` that is searched for, as bytes, by name."""
    octets = value.encode()
    yield "in clear", octets
    for encoded in {quote(value, safe=""), quote_plus(value, safe="")} - {value}:
        yield "percent-encoded", encoded.encode()
        yield "percent-encoded", lower_escapes(encoded).encode()
    for escaped in {json.dumps(value)[1:-1], json.dumps(value)[1:-1].replace("/", "\\/")} - {value}:
        yield "JSON-escaped", escaped.encode()
    for offset in range(3):
        yield from (("base64", text) for text in base64_inside(octets, offset))
    yield "hex", octets.hex().encode()
    yield "hex", octets.hex().upper().encode()


def base64_inside(octets, offset):
    """The characters that base64 gives `octets` wherever they begin at `offset` (mod 3), whatever is around them."""
    text = base64.b64encode(bytes(offset) + octets)
    # Characters that also depend on the octets before and after.
    before = (0, 2, 3)[offset]
    after = (0, 3, 2)[(offset + len(octets)) % 3]
    sure = text[before : len(text) - after]
    if len(sure) >= LEAST:
        yield sure
        yield sure.translate(bytes.maketrans(b"+/", b"-_"))


def lower_escapes(text):
    parts = text.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


def hunt(secrets, outputs):
    """`secrets`: pairs of kind and value. `outputs`: pairs of name and bytes. Answers the finds, without the values."""
    outputs = list(outputs)
    finds = []
    for kind, value in dict.fromkeys(secrets):
        if len(value) < LEAST:
            raise ValueError(f"a {kind} of the demo is too short to be searched for")
        for form, needle in set(forms(value)):
            finds += [f"{kind} {form} in {name}" for name, content in outputs if needle in content]
    return sorted(set(finds))


def prove():
    """The search finds what is planted, in each of its forms: else zero finds would say nothing."""
    value = "a/+ \"é~" + os.urandom(9).hex()
    planted = {
        "in clear": value.encode(),
        "percent-encoded": b"?code=" + quote(value, safe="").encode(),
        "percent-encoded, lower case": b"?code=" + lower_escapes(quote_plus(value, safe="")).encode(),
        "JSON-escaped": json.dumps({"code": value}).encode(),
        "hex": value.encode().hex().encode(),
    }
    for offset in range(3):
        wrapped = b"x" * (3 + offset) + value.encode() + b"tail"
        planted[f"base64 {offset}"] = base64.b64encode(wrapped)
        planted[f"base64url {offset}"] = base64.urlsafe_b64encode(wrapped).rstrip(b"=")
    for name, content in planted.items():
        if not hunt([("planted", value)], [(name, b"before " + content + b" after")]):
            raise AssertionError(f"the search misses a secret {name}")
