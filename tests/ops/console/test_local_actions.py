"""Changes that the console makes in a local run."""

from types import SimpleNamespace
from typing import Any

import pytest

from emulator.faults import parse_rule
from ops.console import local_actions
from ops.stack import Target
from templates.config import load
from tests.support.generated import tokens


@pytest.mark.parametrize(("environment", "service"), [("dev", "timestream-write"), ("lake", "s3")])
def test_each_fault_is_one_that_strikes_here(environment: str, service: str) -> None:
    """The local run takes all of them, and the store's is that of the kind of store."""
    place: Any = SimpleNamespace(target=SimpleNamespace(config=load(environment)))
    found = local_actions.faults(place)
    assert len(found) == 5
    for fault in found.values():
        assert parse_rule(dict(fault)).service == fault["service"]
    assert found["The store refuses to write"]["service"] == service


def test_a_request_is_posted_as_a_client_where_clients_have_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the token that the local run gives its console."""
    monkeypatch.setenv("TIDEGAUGE_TOKEN", "tg_x")
    sent: list[Any] = []
    reply: Any = object()

    def attempts(url: str, body: bytes, sign: Any, _: Any) -> Any:
        sent.append((url, body, sign(url, body, {})))
        yield reply

    monkeypatch.setattr(local_actions, "attempts", attempts)
    place: Any = SimpleNamespace(
        target=Target(tokens(), "us-east-1", "metrics-prodtok"),
        local_endpoint="http://127.0.0.1:1",
        ingest_url=lambda: "http://127.0.0.1:2/metrics",
    )
    assert local_actions.post(place, "{}") is reply
    assert sent == [("http://127.0.0.1:2/metrics", b"{}", {"Authorization": "Bearer tg_x"})]
