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

# Kinds of secrets that must have been noted, so that a search that finds nothing says something.
SECRET_KINDS = {
    "access_token",
    "client secret",
    "code",
    "code_verifier",
    "cookie",
    "cookie key",
    "id_token",
    "key",
    "password",
    "refresh_token",
    "signing key",
}


class Untold(Exception):
    """The timeline does not tell what happened."""


def missing_events(records):
    seen = Counter(record["event"] for record in records)
    return [event for event, least in EXPECTED.items() if seen[event] < least]
