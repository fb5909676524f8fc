"""Signatures, held to those of botocore's signer."""

import datetime as dt
from typing import Any
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from handlers.adapters.http.origins import origin_of
from handlers.adapters.signing import Signer
from handlers.domain.errors import ConfigurationError

MOMENT_S = 1_764_166_640
KEYS = ReadOnlyCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session token")

text = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)
headers = st.dictionaries(
    st.from_regex(r"X-[A-Za-z0-9-]{1,12}", fullmatch=True).filter(
        lambda name: not name.lower().startswith("x-am")
    ),
    st.lists(text, min_size=1, max_size=3).map("  ".join),
    max_size=4,
).filter(lambda found: len({name.lower() for name in found}) == len(found))
urls = st.builds(
    lambda scheme, host, port, path: f"{scheme}://{host}{port}{path}",
    st.sampled_from(["http", "https"]),
    st.sampled_from(
        ["ingest-cell1.timestream.eu-west-1.amazonaws.com", "127.0.0.1", "[::1]", "UPPER.example"]
    ),
    st.sampled_from(["", ":80", ":443", ":9200"]),
    st.sampled_from(["", "/", "/stage", "/a/../b", "/~x/%41"]),
)


def by_botocore(
    url: str, given_headers: dict[str, str], body: bytes, keys: Any, now_s: float
) -> dict[str, str]:
    """The headers of a request that botocore's signer has signed."""
    origin = origin_of(url)
    request = AWSRequest("POST", f"{url.rstrip('/')}/", headers=given_headers, data=body)
    with patch("botocore.auth.get_current_datetime", lambda: dt.datetime.fromtimestamp(now_s, dt.UTC)):
        SigV4Auth(keys, "timestream", "eu-west-1").add_auth(request)
    return {"Host": origin.authority, **dict(request.headers.items())}


def by_us(signer: Signer, url: str, given_headers: dict[str, str], body: bytes, keys: Any) -> dict[str, str]:
    """The headers of a request of ours."""
    lines = signer.head(origin_of(url), given_headers, body, keys).split("\r\n")
    assert lines.pop() == ""
    return dict(line.split(": ", 1) for line in lines)


@given(
    url=urls,
    given_headers=headers,
    bodies=st.lists(st.binary(max_size=200), min_size=1, max_size=3),
    keys=st.builds(ReadOnlyCredentials, text, text, st.one_of(st.none(), text)),
    now_s=st.integers(1_000_000_000, 4_000_000_000),
)
def test_every_header_and_signature_is_botocores(
    url: str, given_headers: dict[str, str], bodies: list[bytes], keys: Any, now_s: int
) -> None:
    """Whatever is signed, wherever it goes, with whichever keys, and when: no header differs."""
    signer = Signer("timestream", "eu-west-1", lambda: now_s + 0.9)
    for body in bodies:
        expected = by_botocore(url, given_headers, body, keys, now_s)
        assert by_us(signer, url, given_headers, body, keys) == expected


def test_a_signer_goes_with_the_time_and_with_its_keys() -> None:
    """A second, a day and new keys later its signatures are still botocore's, as they are with old keys again."""
    now_s = MOMENT_S
    signer = Signer("timestream", "eu-west-1", lambda: now_s)
    others = ReadOnlyCredentials(KEYS.access_key, "another", KEYS.token)
    for passed_s, keys in (
        (0, KEYS),
        (0, others),
        (0, KEYS),
        (1, KEYS),
        (86_400, KEYS),
        (0, others),
        (-86_400, KEYS),
    ):
        now_s += passed_s
        found = by_us(signer, "https://a.example", {"X-Amz-Target": "T.W"}, b"{}", keys)
        assert found == by_botocore("https://a.example", {"X-Amz-Target": "T.W"}, b"{}", keys, now_s)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (ReadOnlyCredentials("AKID\r\nX: y", "s", None), "v"),
        (ReadOnlyCredentials("AKID\n", "s", None), "v"),
        (ReadOnlyCredentials("AKID", "s", "token\r\n\r\n"), "v"),
        (ReadOnlyCredentials("AKID", "s", "tökén"), "v"),
        (ReadOnlyCredentials("AKID", "s", None), "v\nX: y"),
    ],
)
def test_nothing_can_break_out_of_its_line(keys: Any, value: str) -> None:
    """A key or a header with a line break, as of a file, is a fault of the configuration, and is not repeated."""
    with pytest.raises(ConfigurationError) as caught:
        Signer("timestream", "eu-west-1").head(origin_of("http://a.example"), {"X-Y": value}, b"", keys)
    assert "AKID" not in str(caught.value)
    assert "tök" not in str(caught.value)
