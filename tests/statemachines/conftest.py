"""Definitions, deployed from the very files that are deployed."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.support.state_machine import Machine, deploy, interpreter


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Machine]]:
    """A function that deploys a definition: its file, the names of its functions, its other tokens."""
    with interpreter(monkeypatch):
        yield partial(deploy, monkeypatch)
