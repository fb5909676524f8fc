"""A client's token, as it is found in a request's header, and its hash, which alone is kept."""

import base64
import binascii
import hashlib
import re

CLIENT_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""The names of clients, which stand in partition keys, log lines and object keys as they are."""

_TOKEN = re.compile(r"tg_[A-Za-z0-9_-]{43}")
_CREDENTIALS = re.compile(r"(?P<scheme>[A-Za-z]+)[ \t]+(?P<rest>[!-~]+)[ \t]*")
# Basic's longest user names are a few hundred characters; whatever is longer is not decoded.
_LONGEST = 2048


def token_hash(token: str) -> str:
    """The SHA-256 of a token in hexadecimal digits. No salt, no slow hash: a token has 256 bits of its own."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_of(authorization: str) -> str | None:
    """The token in an Authorization header: `Bearer T`, `Token T`, or Basic with any user and T as the password.

    None if there is none, or if it cannot be one of ours by its form, so that nobody has to look for it.
    """
    found = _CREDENTIALS.fullmatch(authorization) if len(authorization) <= _LONGEST else None
    if found is None:
        return None
    match found["scheme"].lower():
        case "bearer" | "token":
            given = found["rest"]
        case "basic":
            given = _password(found["rest"])
        case _:
            return None
    return given if _TOKEN.fullmatch(given) else None


def _password(credentials: str) -> str:
    """The password of Basic's credentials; empty if they are none. A user's name has no colon (RFC 7617)."""
    try:
        decoded = base64.b64decode(credentials, validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return ""
    return decoded.partition(":")[2]
