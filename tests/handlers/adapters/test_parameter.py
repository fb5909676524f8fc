"""A secret, asked for seldom."""

import pytest

from handlers.adapters.parameter import SecretParameter
from handlers.domain.errors import ConfigurationError
from tests.support.scripted_client import Scripted, refusal


def answer(value: str) -> dict[str, object]:
    """Systems Manager's answer with this value."""
    return {"Parameter": {"Value": value}}


def test_it_is_asked_for_again_when_it_is_five_minutes_old_or_was_forgotten() -> None:
    """A secret that is replaced is used without a deployment; the line end of a shell is none of it."""
    now = [0.0]
    ssm = Scripted(answer("one\n"), answer("two"), answer("three"))
    secret = SecretParameter(ssm, "/on-call", lambda: now[0])
    assert [secret.value(), secret.value()] == ["one", "one"]
    now[0] = 300.0
    assert secret.value() == "two"
    secret.forget()
    assert secret.value() == "three"
    assert all(request == {"Name": "/on-call", "WithDecryption": True} for _, request in ssm.calls)


def test_one_that_is_not_there_is_the_operators_to_make() -> None:
    """The error has AWS's code."""
    with pytest.raises(ConfigurationError, match="ParameterNotFound"):
        SecretParameter(Scripted(refusal("ParameterNotFound")), "/on-call").value()
