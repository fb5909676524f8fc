"""Tokens: made, found in a header, known by their hashes."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.clients.token import CLIENT_NAME, token_hash, token_of

TOKEN = "tg_" + "a-B_9" * 8 + "xyz"
EVERY_SCHEME = (
    f"Bearer {TOKEN}",
    f"bearer {TOKEN}",
    f"BEARER   {TOKEN}  ",
    f"Token {TOKEN}",
    f"tOKEN\t{TOKEN}",
)


def basic(credentials: str) -> str:
    """A header with these credentials."""
    return f"Basic {base64.b64encode(credentials.encode('latin-1')).decode()}"


@pytest.mark.parametrize("header", EVERY_SCHEME)
def test_a_token_is_found_after_bearer_and_token(header: str) -> None:
    """In any case, with spaces or a tab between."""
    assert token_of(header) == TOKEN


@pytest.mark.parametrize("user", ["", "x", "grüße", "user@example.com", "u" * 500])
def test_a_token_is_found_as_the_password_of_basic(user: str) -> None:
    """Whoever the user is, which is nobody's business."""
    assert token_of(basic(f"{user}:{TOKEN}")) == TOKEN


@pytest.mark.parametrize(
    "header",
    [
        "",
        TOKEN,
        "Bearer",
        "Bearer ",
        f"Bearer{TOKEN}",
        f"Bearer {TOKEN}, Bearer {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f'Bearer "{TOKEN}"',
        f"Bearer {TOKEN}\n",
        f"Bearer {TOKEN}\x00",
        f"Bearer\r\n{TOKEN}",
        f" Bearer {TOKEN}",
        f"Bearer {TOKEN}\u00a0",
        f"Bearer tg_{'é' * 43}",
        f"Digest {TOKEN}",
        f"AWS4-HMAC-SHA256 Credential={TOKEN}",
        f"Basic {TOKEN}",
        "Basic !!!",
        "Basic YQ",
        "Basic YQ===",
        basic(TOKEN),
        basic(f"{TOKEN}:"),
        basic(f"a:b:{TOKEN}"),
        basic(f"a:{TOKEN}\n"),
        f"{basic('a:')}{base64.b64encode(TOKEN.encode()).decode()}",
        f"Basic  {'YWFh' * 2000}",
        f"Bearer {'a' * 9000}",
    ],
)
def test_what_is_no_token_of_ours_is_none(header: str) -> None:
    """Other schemes, no colon, no base64, other lengths and letters, line ends, headers that are joined or huge."""
    assert token_of(header) is None


@given(st.text(max_size=200) | st.from_regex(r"(?i)(bearer|token|basic) .{0,80}"))
def test_no_header_breaks_the_reading(header: str) -> None:
    """Whatever is sent, there is a token of our form in it or there is none."""
    found = token_of(header)
    assert found is None or re.fullmatch(r"tg_[A-Za-z0-9_-]{43}", found)


def test_the_hash_of_a_token_tells_nothing_of_it() -> None:
    """It is SHA-256 in hexadecimal digits, another one for each token."""
    assert token_hash("tg_") == "460901b4d3970e517f5634223aeedc656b77b029b3570802f11d7228e6daf7b7"
    assert token_hash(TOKEN) != token_hash(TOKEN.lower())


@pytest.mark.parametrize("name", ["a", "0", "edge-1.example_x", "a" * 64])
def test_names_of_clients(name: str) -> None:
    """Lower-case letters, digits, dots, dashes and underscores, 64 at most."""
    assert CLIENT_NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", "-", ".a", "_a", "A", "a/b", "a b", "a\n", "é", "a" * 65])
def test_what_no_client_is_called(name: str) -> None:
    """What would part a partition key, stand for no client, or break a log line."""
    assert CLIENT_NAME.fullmatch(name) is None
