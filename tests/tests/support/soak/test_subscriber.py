"""The soak's live subscriber."""

import json
import urllib.error
import urllib.request

import pytest

from tests.support.soak.subscriber import Subscriber


def test_it_dies_and_comes_back_at_its_address() -> None:
    """Nobody answers while it is dead; alive again, it takes notifications where it did before."""
    subscriber = Subscriber()

    def tell(name: str) -> None:
        body = json.dumps({"dedupe_id": name}).encode()
        urllib.request.urlopen(urllib.request.Request(subscriber.url, body), timeout=5).close()  # noqa: S310

    tell("a")
    subscriber.die()
    with pytest.raises(urllib.error.URLError):
        tell("b")
    subscriber.revive()
    tell("c")
    subscriber.die()
    assert (subscriber.taken, subscriber.deaths, subscriber.alive) == ({"a", "c"}, 2, False)
