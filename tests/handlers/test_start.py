"""The start of a function."""

import os
from collections.abc import Mapping
from types import SimpleNamespace

import pytest

from handlers.domain.errors import ConfigurationError
from handlers.start import build_once, lambda_handler


def test_what_a_function_works_with_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of Lambda when it is first asked for, from the variables that the process has then."""
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    seen: list[Mapping[str, str]] = []

    def build(variables: Mapping[str, str]) -> object:
        seen.append(variables)
        return object()

    built = build_once(build)
    assert seen == []
    assert built() is built()
    assert seen == [os.environ]


def test_in_lambda_a_wrong_environment_ends_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the process initializes, before any invocation."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "metric-writer")

    def build(_: Mapping[str, str]) -> object:
        raise ConfigurationError("environment: TABLE_NAME is not set")

    with pytest.raises(ConfigurationError):
        build_once(build)


def test_a_handler_answers_each_event_with_what_was_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told the event and the seconds that Lambda still gives it."""
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    handler = lambda_handler(lambda _: [], lambda built, *told: built.append(told) or len(built))
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 1_500)
    assert [handler({"Records": []}, context), handler("again", context)] == [1, 2]
    told: list[object] = []
    lambda_handler(lambda _: told, lambda built, *said: built.extend(said))("an event", context)
    assert told == ["an event", 1.5]
