"""The console as a part of the local run: a process that comes and goes with it."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from local.console import Console
from tests.support.console_process import closed_port


def test_it_is_there_at_its_address_until_it_is_closed(tmp_path: Path) -> None:
    """The address is said once the page can be opened, and afterwards nothing listens there."""
    port = closed_port()
    endpoint = f"http://127.0.0.1:{closed_port()}"
    console = Console(
        "dev", "us-east-1", endpoint_url=endpoint, port=port, log=tmp_path / "logs" / "console.log"
    )
    try:
        address = console.address()
        assert address == f"http://127.0.0.1:{port}"
        with urllib.request.urlopen(address, timeout=20) as reply:  # noqa: S310 - our own
            assert "Tidegauge" in reply.read().decode()
    finally:
        console.close()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=5)  # noqa: S310 - our own


def test_one_that_cannot_start_says_where_it_says_why(tmp_path: Path) -> None:
    """The run goes on without it."""
    log = tmp_path / "console.log"
    console = Console("nope", "us-east-1", endpoint_url="http://127.0.0.1:1", port=0, log=log)
    try:
        assert str(log) in console.address()
    finally:
        console.close()
    assert "nope" in log.read_text()
