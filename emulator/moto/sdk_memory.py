"""Names, signatures and user agents that the SDK finds anew for every session or call, found once in this process."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import botocore.hooks
import botocore.useragent
from botocore.hooks import EventAliaser

_accepts_kwargs = botocore.hooks.accepts_kwargs
_alias_event_name = EventAliaser._alias_event_name
_sanitized = functools.lru_cache(1024)(botocore.useragent.sanitize_user_agent_string_component)


def remember() -> None:
    """Let sessions of this process share names of events, signatures of their handlers and parts of the user agent.

    A session registers a hundred handlers when it is made, most clients have a session of their own, and each call
    spells its user agent out.
    """
    botocore.hooks.accepts_kwargs = _takes_any_keyword
    EventAliaser._alias_event_name = lambda _, event_name: _aliased(event_name)
    botocore.useragent.sanitize_user_agent_string_component = _sanitized


def _takes_any_keyword(handler: Callable[..., Any]) -> Any:
    """True if a handler of events takes any keyword; a function's code tells."""
    code = getattr(handler, "__code__", None)
    return _accepts_kwargs(handler) if code is None else bool(code.co_flags & inspect.CO_VARKEYWORDS)


@functools.lru_cache(8192)
def _aliased(event_name: str) -> str:
    """The name by which the SDK knows an event: it has one table of aliases for all sessions."""
    return str(_alias_event_name(EventAliaser(None), event_name))
