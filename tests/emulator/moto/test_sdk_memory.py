"""The SDK says the same with the memory of it as without."""

import functools
from typing import Any

import botocore.compat
import botocore.hooks
import botocore.useragent
import pytest
from botocore.handlers import BUILTIN_HANDLERS
from botocore.hooks import EventAliaser
from botocore.useragent import UserAgentComponent
from botocore.utils import EVENT_ALIASES

from emulator.moto import sdk_memory

_NAMES = [
    *(str(name) for name, *_ in BUILTIN_HANDLERS),
    *(f"before-call.{old}.GetItem" for old in EVENT_ALIASES),
    *(f"provide-client-params.{old}" for old in EVENT_ALIASES),
]


def _any_keyword(request: Any, **_: Any) -> None: ...


def _two_words(request: Any, operation_name: str) -> None: ...


class _Callable:
    def __call__(self, **_: Any) -> None: ...

    def method(self, request: Any) -> None: ...

    def method_of_any(self, **_: Any) -> None: ...


@pytest.fixture(autouse=True)
def remembered() -> None:
    """The memory, in use."""
    sdk_memory.remember()


def test_an_event_has_the_name_that_the_sdk_gives_it() -> None:
    """That of a handler's registration, and that of a call of every service whose events were once called otherwise."""
    names = [EventAliaser(None)._alias_event_name(name) for name in _NAMES]
    assert names == [sdk_memory._alias_event_name(EventAliaser(None), name) for name in _NAMES]
    assert names != _NAMES


@pytest.mark.parametrize(
    "handler",
    [
        _any_keyword,
        _two_words,
        _Callable(),
        _Callable().method,
        _Callable().method_of_any,
        functools.partial(_two_words, 1),
        functools.partial(_any_keyword, 1),
        lambda **_: None,
    ],
)
def test_what_takes_any_keyword_is_found_as_by_the_sdk(handler: Any) -> None:
    """Functions, methods, and objects that are called."""
    assert botocore.hooks.accepts_kwargs is not botocore.compat.accepts_kwargs
    assert bool(botocore.hooks.accepts_kwargs(handler)) == bool(botocore.compat.accepts_kwargs(handler))


def test_a_user_agent_is_spelled_as_by_the_sdk() -> None:
    """What may not stand in it is a dash, and a hash where one may."""
    assert UserAgentComponent("md", "a b#c", "d#é").to_string() == "md/a-b-c#d#-"
    assert UserAgentComponent("md", "a b#c", "d#é").to_string() == "md/a-b-c#d#-"
