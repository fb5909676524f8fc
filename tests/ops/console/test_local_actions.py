"""Changes that the console makes in a local run."""

from types import SimpleNamespace
from typing import Any

import pytest

from emulator.faults import parse_rule
from ops.console import local_actions
from templates.config import load


@pytest.mark.parametrize(("environment", "service"), [("dev", "timestream-write"), ("lake", "s3")])
def test_each_fault_is_one_that_strikes_here(environment: str, service: str) -> None:
    """The local run takes all of them, and the store's is that of the kind of store."""
    place: Any = SimpleNamespace(target=SimpleNamespace(config=load(environment)))
    found = local_actions.faults(place)
    assert len(found) == 5
    for fault in found.values():
        assert parse_rule(dict(fault)).service == fault["service"]
    assert found["The store refuses to write"]["service"] == service
