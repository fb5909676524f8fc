"""The time by the clock of AWS."""

from typing import Any

import pytest

from ops.aws_clock import time_of
from ops.errors import OperatorError


def answer(**headers: str) -> dict[str, Any]:
    """An answer with these headers."""
    return {"ResponseMetadata": {"HTTPHeaders": headers}}


def test_an_answer_tells_its_time() -> None:
    """In seconds since 1970."""
    assert time_of(answer(date="Fri, 27 Nov 2026 00:00:01 GMT"), "x") == 1_795_737_601


@pytest.mark.parametrize("headers", [{}, {"date": "tomorrow"}])
def test_an_answer_without_a_time_is_refused(headers: dict[str, str]) -> None:
    """The operator's own clock is not believed instead."""
    with pytest.raises(OperatorError, match="https://aws does not tell the time"):
        time_of(answer(**headers), "https://aws")
