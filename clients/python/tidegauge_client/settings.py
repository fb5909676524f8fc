"""Settings of a client, checked once: a wrong one is the programmer's error and is raised at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from tidegauge_client.signing import Sign, bearer, unsigned
from tidegauge_client.stats import Settled

VERSION = "0.1.0"
METRIC_TYPES = ("system", "application", "business")

# Until where a body is compressed.
GATEWAY = "gateway"  # Content-Encoding: gzip, which API Gateway undoes, as its documentation has it
STREAM = "stream"  # application/gzip, which API Gateway passes on as it is
NOT = "not"
_HEADERS = {
    GATEWAY: {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    STREAM: {"Content-Type": "application/gzip"},
    NOT: {"Content-Type": "application/json"},
}
_LONGEST_TIMEOUT_S = 3_600
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Settings:
    """The parts of a client's behaviour that may be chosen; `Client` says what each means."""

    url: str
    sign: Sign
    compression: str
    interval_s: float
    batch_points: int
    batch_bytes: int
    max_points: int
    max_bytes: int
    timeout_s: float
    give_up_s: float
    exit_s: float
    on_settled: Callable[[Settled], object] | None

    def __post_init__(self) -> None:
        if self.compression not in _HEADERS:
            raise ValueError(f"compression: {self.compression!r} is none of {', '.join(_HEADERS)}")
        for name in ("interval_s", "batch_points", "batch_bytes", "max_points", "max_bytes", "timeout_s"):
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not value > 0:
                raise ValueError(f"{name}: {value!r} is no positive number")
        if self.timeout_s > _LONGEST_TIMEOUT_S:
            raise ValueError(f"timeout_s: {self.timeout_s!r} is more than {_LONGEST_TIMEOUT_S} seconds")
        for name in ("give_up_s", "exit_s"):
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not value >= 0:
                raise ValueError(f"{name}: {value!r} is no number of seconds")

    @property
    def headers(self) -> dict[str, str]:
        """The headers that say what a body is, and whose."""
        return {"User-Agent": f"tidegauge-client/{VERSION}", **_HEADERS[self.compression]}


def metrics_url(url: str) -> str:
    """The address to post to, from a base URL, or from itself; ValueError if it is none."""
    parts = _parts(url)
    path = parts.path.rstrip("/")
    if not path.endswith("/metrics"):
        path += "/metrics"
    return parts._replace(path=path).geturl()


def authorization(url: str, token: str | None, sign: Sign | None) -> Sign:
    """The way in which requests are signed; ValueError where a token would cross a network in the clear."""
    if token is None:
        return sign or unsigned
    if sign is not None:
        raise ValueError("token, sign: an API takes one of them")
    parts = _parts(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError(f"url: {parts.hostname} would get the token unencrypted; https:// is expected")
    return bearer(token)


def is_loopback(host: str) -> bool:
    """True if the name or address is this machine's own."""
    return host in _LOOPBACK or host.startswith("127.")


def _parts(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"url: {url!r} is no http:// or https:// address")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("url: an address without user, password, query and fragment is expected")
    if not url.isascii() or any(character <= " " for character in url):
        raise ValueError(f"url: {url!r} has characters that no address has")
    parts.port  # noqa: B018 - ValueError if it is none
    return parts
