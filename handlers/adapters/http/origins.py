"""Origins: where requests go, by which way."""

import os
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from botocore.exceptions import InvalidProxiesConfigError

# What may stand in the path of a URL as it is (RFC 3986), and what is quoted already.
_PATH = "/%~!$&'()*+,;=:@"


class Proxy(NamedTuple):
    """A proxy, and the header line that makes it work for us; `shown` is its URL without a password."""

    host: str
    port: int
    authorization: str
    shown: str


class Origin(NamedTuple):
    """The host that a URL names, and the path of its requests; by way of a proxy if there is one."""

    url: str
    secure: bool
    host: str
    port: int
    authority: str  # as the header Host has it
    path: str
    proxy: Proxy | None

    @property
    def target(self) -> str:
        """The target of a request; a proxy must be told all of it, unless it only passes on what is encrypted."""
        return self.path if self.proxy is None or self.secure else f"http://{self.authority}{self.path}"


def origin_of(url: str) -> Origin:
    """The origin of a URL whose requests all go to the same path; the environment says if there is a proxy."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, usual = parts.hostname or "", 443 if secure else 80
    port = parts.port or usual
    name = f"[{host}]" if ":" in host else host
    authority = name if port == usual else f"{name}:{port}"
    path = f"{quote(parts.path.rstrip('/'), safe=_PATH)}/"
    return Origin(url, secure, host, port, authority, path, _proxy_to(url))


def needs_another_client(variables: Mapping[str, str]) -> bool:
    """True where a proxy is to be spoken to in more than plain HTTP."""
    proxies = (variables.get(name) for scheme in ("http", "https") for name in _names(scheme))
    return any("://" in proxy and not proxy.lower().startswith("http://") for proxy in proxies if proxy)


def _names(scheme: str) -> tuple[str, str]:
    return f"{scheme}_proxy", f"{scheme}_proxy".upper()


def _proxy_to(url: str) -> Proxy | None:
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from botocore.httpsession import ProxyConfiguration  # noqa: PLC0415 -- much to import, and seldom needed
    from botocore.utils import get_environ_proxies  # noqa: PLC0415

    configuration = ProxyConfiguration(get_environ_proxies(url))
    proxy_url = configuration.proxy_url_for(url)
    if not proxy_url:
        return None
    authorization = configuration.proxy_headers_for(proxy_url).get("Proxy-Authorization")
    parts = urlsplit(proxy_url)
    try:
        host, port = unquote(parts.hostname or ""), parts.port or 80
    except ValueError:
        host = ""
    shown = f"{parts.scheme}://{host}"
    if parts.scheme != "http" or not host:
        raise InvalidProxiesConfigError(error=f"no proxy: {shown}")
    line = f"Proxy-Authorization: {authorization}\r\n" if authorization else ""
    return Proxy(host, port, line, f"{shown}:{port}")
