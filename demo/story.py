"""What driver.mjs played, as records and timeline must tell it."""

from collections import Counter

# By event: the least number of records.
EXPECTED = {
    "authorization.request": 4,
    "authorization.response": 2,
    "authorization.error": 2,
    "token.issued": 2,
    "token.refreshed": 1,
    "token.denied": 1,
    "client.auth_failed": 1,
    "userinfo.accessed": 1,
    "logout.requested": 1,
    "logout.completed": 1,
}
# Where the shop is behind the proxy too.
EXPECTED_AT_THE_SHOP = {"authorization.initiated": 2, "callback.received": 2, "logout.returned": 1}

WHOLE_LOGIN = (
    "authorization.request",
    "authorization.response",
    "token.issued",
    "userinfo.accessed",
    "token.refreshed",
    "logout.requested",
    "logout.completed",
)
WHOLE_LOGIN_AT_BOTH = (
    "authorization.initiated",
    *WHOLE_LOGIN[:2],
    "callback.received",
    *WHOLE_LOGIN[2:],
    "logout.returned",
)
FAILURES = (
    ("the replay of a code", "token.denied", "invalid_grant"),
    ("the wrong client secret", "client.auth_failed", "invalid_client"),
    ("the cancelled login", "authorization.error", "access_denied"),
    ("the silent login without a session", "authorization.error", "login_required"),
)

# Kinds of secrets that must have been noted, so that a search that finds nothing says something.
SECRET_KINDS = {
    "OIDC_AUDIT_JOIN_KEY",
    "OIDC_AUDIT_PSEUDONYM_KEY",
    "OIDC_AUDIT_SIGNING_KEY",
    "OIDC_AUDIT_TOKEN",
    "access_token",
    "client secret",
    "code",
    "code_verifier",
    "cookie",
    "cookie key",
    "id_token",
    "password",
    "refresh_token",
    "signing key",
}


class Untold(Exception):
    """The timeline does not tell what happened."""


def missing_events(records, both_sides):
    seen = Counter(record["event"] for record in records)
    expected = {**EXPECTED, **EXPECTED_AT_THE_SHOP} if both_sides else EXPECTED
    return [event for event, least in expected.items() if seen[event] < least]


def check(report, both_sides):
    """Yields what holds, as sentences; raises `Untold` at the first thing that the timeline does not tell."""
    flows = [flow["records"] for flow in report["flows"]]
    whole = WHOLE_LOGIN_AT_BOTH if both_sides else WHOLE_LOGIN
    if not any(contains(flow, whole) for flow in flows):
        raise Untold(f"no flow holds {', '.join(whole)} in this order")
    yield f"one flow holds {' → '.join(whole)}"
    for what, event, error in FAILURES:
        found = [record for flow in flows for record in flow if is_failure(record, event, error)]
        if not found:
            raise Untold(f"{what}: no {event} with {error}")
        yield f"{what} is a failure: {event} {error}"
    # The replayed code belongs to the login that it was stolen from.
    replayed = [flow for flow in flows if any(is_failure(record, "token.denied", "invalid_grant") for record in flow)]
    if not any(contains(flow, ("authorization.response", "token.issued", "token.denied")) for flow in replayed):
        raise Untold("the replay is not in the flow of the code that was replayed")
    yield "the replay is in the flow of the code that was replayed"


def contains(records, events):
    """Whether the events occur, in this order."""
    remaining = iter(record["event"] for record in records)
    return all(event in remaining for event in events)


def is_failure(record, event, error):
    return (record["event"], record.get("outcome"), record.get("error")) == (event, "failure", error)
