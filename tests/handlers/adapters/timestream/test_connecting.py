"""The choice of a wire."""

import pytest

from handlers.adapters.timestream.connecting import connect_to_timestream
from handlers.adapters.timestream.sdk_wire import SdkWire
from handlers.adapters.timestream.wire import PooledWire


@pytest.mark.parametrize(
    ("variable", "proxy", "kind"),
    [
        ("HTTPS_PROXY", "", PooledWire),
        ("HTTPS_PROXY", "http://user:secret@proxy:8080", PooledWire),
        ("https_proxy", "proxy:8080", PooledWire),
        ("HTTPS_PROXY", "https://proxy", SdkWire),
        ("http_proxy", "HTTPS://proxy", SdkWire),
        ("HTTPS_PROXY", "socks5://proxy", SdkWire),
        ("ALL_PROXY", "socks5://proxy", PooledWire),
    ],
)
def test_a_proxy_that_is_spoken_to_in_more_than_http_gets_the_sdks_client(
    monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str, kind: type[object]
) -> None:
    """TLS to a proxy is botocore's; proxies that botocore does not look at change nothing."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv(variable, proxy)
    assert type(connect_to_timestream(3)) is kind
