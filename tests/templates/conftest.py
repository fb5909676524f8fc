"""Runs a test on every generated stack."""

import pytest

from tests.support.generated import generated

ASKED_FOR = {
    "any_stack": {"regional", "artifacts", "fleet"},
    "regional": {"regional"},
    "fleet": {"fleet"},
    "to_regions": {"regional", "artifacts"},
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `any_stack`, for `regional`, or for one that goes `to_regions`, on each of them."""
    for fixture, stacks in ASKED_FOR.items():
        if fixture in metafunc.fixturenames:
            wanted = [one for one in generated() if one.stack in stacks]
            ids = [f"{one.config.environment}-{one.stack}" for one in wanted]
            metafunc.parametrize(fixture, wanted, ids=ids)
