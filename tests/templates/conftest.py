"""Runs a test on every generated stack."""

import pytest

from tests.templates.generated import generated


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `any_stack`, or for `regional`, on each of them."""
    for fixture in ("any_stack", "regional"):
        if fixture in metafunc.fixturenames:
            wanted = [one for one in generated() if fixture in ("any_stack", one.stack)]
            ids = [f"{one.config.environment}-{one.stack}" for one in wanted]
            metafunc.parametrize(fixture, wanted, ids=ids)
