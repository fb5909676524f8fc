"""The start of a function: what it works with is built once for the life of its process, and then answers events."""

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from handlers.adapters.tracing import trace_if_sampled

_Built = TypeVar("_Built")


def build_once(build: Callable[[Mapping[str, str]], _Built]) -> Callable[[], _Built]:
    """A getter of what `build` makes of the environment variables; it is made once, and in Lambda at once.

    That is while Lambda initializes the process: a wrong environment ends the start with its reason, and the first
    invocation finds its clients.
    """

    @cache
    def built() -> _Built:
        return build(os.environ)

    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        built()
    return built


def lambda_handler(
    build: Callable[[Mapping[str, str]], _Built], answer: Callable[[_Built, Any, float], Any]
) -> Callable[[Any, Any], Any]:
    """The handler that Lambda calls with an event and a context.

    It gives the answer of what `build` made, which is told the event and the seconds left.
    """
    built = build_once(build)

    def handler(event: Any, context: Any) -> Any:
        trace_if_sampled(os.environ)
        return answer(built(), event, context.get_remaining_time_in_millis() / 1000)

    return handler
