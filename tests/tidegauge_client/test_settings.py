"""Arguments of a client that are wrong, and say so at once."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from handlers.vocabulary import METRIC_TYPES
from tidegauge_client import Client, settings
from tidegauge_client.settings import metrics_url

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("url", "posted_to"),
    [
        ("https://x.example/prod", "https://x.example/prod/metrics"),
        ("https://x.example/prod/", "https://x.example/prod/metrics"),
        ("https://x.example/prod/metrics", "https://x.example/prod/metrics"),
        ("https://x.example/prod/metrics/", "https://x.example/prod/metrics"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/metrics"),
        ("http://[::1]:8080/dev", "http://[::1]:8080/dev/metrics"),
    ],
)
def test_the_base_url_or_that_of_the_metrics_will_do(url: str, posted_to: str) -> None:
    """Points go to the same address."""
    assert metrics_url(url) == posted_to


@pytest.mark.parametrize(
    "url",
    ["", "x.example", "ftp://x.example", "http://", "https://u:p@x.example", "https://x.example?a=b", "https://x.example#a",
     "https://x.example:port", "https://x.example/a b", "https://x.example/\r\nHost: y", "https://ä.example"],
)  # fmt: skip
def test_an_address_that_is_none_is_named(url: str) -> None:
    """Before anything is lost to it, and without a password that stood in it."""
    with pytest.raises(ValueError, match=r"url|Port|port") as refused:
        Client(url)
    assert "u:p" not in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"compression": "zip"}, "compression"),
        ({"interval_s": 0}, "interval_s"),
        ({"max_points": -1}, "max_points"),
        ({"batch_bytes": "1"}, "batch_bytes"),
        ({"timeout_s": float("nan")}, "timeout_s"),
        ({"timeout_s": float("inf")}, "timeout_s"),
        ({"exit_s": -1}, "exit_s"),
        ({"token": "a\r\nb"}, "token"),
        ({"token": ""}, "token"),
        ({"token": "secret", "sign": lambda *_: {}}, "token, sign"),
        ({"metric_type": "other"}, "one of"),
        ({"dimensions": ["a"]}, "dimensions"),
        ({"dimensions": {"a": object()}}, "value"),
    ],
)
def test_an_argument_that_is_wrong_is_named(arguments: dict[str, Any], named: str) -> None:
    """A token is not shown."""
    with pytest.raises(ValueError, match=named) as refused:
        Client("http://127.0.0.1:1", **arguments)
    assert "secret" not in str(refused.value)


def test_a_token_never_crosses_a_network_in_the_clear() -> None:
    """To this machine it may go by HTTP."""
    with pytest.raises(ValueError, match="unencrypted"):
        Client("http://x.example", token="t")
    Client("http://127.0.0.1:1", token="t").close()


def test_types_and_version_are_the_projects() -> None:
    """The client spells them once more, as it is installed alone."""
    project = tomllib.loads((ROOT / "clients" / "python" / "pyproject.toml").read_text())["project"]
    assert project["version"] == settings.VERSION
    assert settings.METRIC_TYPES == METRIC_TYPES
