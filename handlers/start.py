"""The start of a function: what it works with is built once for the life of its process."""

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeVar

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
