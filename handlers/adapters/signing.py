"""AWS Signature Version 4 of requests with a body: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

All but the hash of the body is the same for a second, and the key for a day. What is signed, and how, is what
botocore's signer does, which the tests hold this one to.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol
from urllib.parse import quote

from handlers.adapters.http.origins import Origin
from handlers.domain.errors import ConfigurationError

_ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(Protocol):
    """A pair of keys, and the token of a session if they are of one."""

    @property
    def access_key(self) -> str:
        """The name of the key."""

    @property
    def secret_key(self) -> str:
        """The key that signs."""

    @property
    def token(self) -> str | None:
        """The session's token."""


class Signer:
    """Signs POST requests to a service in a region."""

    def __init__(self, service: str, region: str, clock: Callable[[], float] = time.time) -> None:
        """A signer whose `clock` tells the seconds since the epoch."""
        self._service = service
        self._region = region
        self._clock = clock
        self._second = 0
        self._drafts: dict[tuple[object, ...], _Draft] = {}
        self._key: tuple[str, str, bytes] = ("", "", b"")

    def head(self, origin: Origin, headers: Mapping[str, str], body: bytes, keys: Credentials) -> str:
        """The header lines of a request with their line ends: host, the given ones, and the signature's.

        `ConfigurationError` if a key or a header cannot stand in a line.
        """
        second = int(self._clock())
        if second != self._second:
            self._second = second
            self._drafts.clear()
        subject = (origin.authority, origin.path, tuple(headers.items()), keys.access_key, keys.token)
        draft = self._drafts.get(subject)
        if draft is None or draft.secret != keys.secret_key:
            draft = self._drafts[subject] = self._draft(origin, headers, keys)
        request = f"{draft.canonical}{hashlib.sha256(body).hexdigest()}"
        to_sign = f"{draft.to_sign}{hashlib.sha256(request.encode()).hexdigest()}"
        return f"{draft.lines}{hmac.digest(draft.key, to_sign.encode(), 'sha256').hex()}\r\n"

    def _draft(self, origin: Origin, headers: Mapping[str, str], keys: Credentials) -> "_Draft":
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._second))
        lines = {"Host": origin.authority, **headers, "X-Amz-Date": moment}
        if keys.token:
            lines["X-Amz-Security-Token"] = keys.token
        text = "".join([keys.access_key, *lines, *lines.values()])
        if not (text.isascii() and text.isprintable()):
            raise ConfigurationError("credentials: a line break or another odd character in a key or header")
        canonical = sorted((name.lower(), " ".join(value.split())) for name, value in lines.items())
        signed = ";".join(name for name, _ in canonical)
        scope = f"{moment[:8]}/{self._region}/{self._service}/aws4_request"
        fields = "".join(f"{name}:{value}\n" for name, value in canonical)
        authorization = (
            f"{_ALGORITHM} Credential={keys.access_key}/{scope}, SignedHeaders={signed}, Signature="
        )
        return _Draft(
            secret=keys.secret_key,
            key=self._signing_key(moment[:8], keys.secret_key),
            canonical=f"POST\n{_canonical_path(origin.path)}\n\n{fields}\n{signed}\n",
            to_sign=f"{_ALGORITHM}\n{moment}\n{scope}\n",
            lines="".join(f"{name}: {value}\r\n" for name, value in lines.items())
            + f"Authorization: {authorization}",
        )

    def _signing_key(self, day: str, secret: str) -> bytes:
        if self._key[:2] != (day, secret):
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = (day, secret, key)
        return self._key[2]


def _canonical_path(path: str) -> str:
    if path == "/":
        return path
    from botocore.utils import normalize_url_path  # noqa: PLC0415 -- none of AWS's endpoints has a path

    return quote(normalize_url_path(path), safe="/~")


class _Draft(NamedTuple):
    """A request as far as it is known before its body."""

    secret: str
    key: bytes
    canonical: str
    to_sign: str
    lines: str
