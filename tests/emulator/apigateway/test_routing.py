"""The method that answers a path and verb."""

from typing import Any

import pytest

from emulator.apigateway.api import Api
from emulator.apigateway.request import ApiRequest
from emulator.apigateway.routing import has_path, route


def api(*paths: str) -> Api:
    """An API whose methods are named after path and verb."""
    methods: Any = {path: {verb: f"{verb} {path}" for verb in ("GET", "ANY")} for path in paths}
    return Api("id", "name", "1", "eu-west-1", "live", {}, None, methods, {})


EVERYTHING = api("/", "/a", "/a/{x}", "/a/b", "/{x}", "/{x}/c", "/{all+}")


@pytest.mark.parametrize(
    ("path", "found", "parameters"),
    [
        ("/", "/", {}),
        ("/a", "/a", {}),
        ("/a/", "/a", {}),
        ("/a/b", "/a/b", {}),
        ("/a/%2F%C3%A9", "/a/{x}", {"x": "/é"}),
        ("/z", "/{x}", {"x": "z"}),
        ("/z/c", "/{x}/c", {"x": "z"}),
        ("/z/d/e", "/{all+}", {"all": "z/d/e"}),
        ("/z/c?x=/a", "/{x}/c", {"x": "z"}),
    ],
)
def test_the_most_literal_path_wins(path: str, found: str, parameters: dict[str, str]) -> None:
    """Literal parts come before one parameter, which comes before a greedy one."""
    segments = ApiRequest("GET", path, (), b"").segments
    answers: list[Any] = [route(EVERYTHING, segments, verb) for verb in ("GET", "PUT")]
    assert answers == [(f"GET {found}", parameters), (f"ANY {found}", parameters)]


@pytest.mark.parametrize(
    ("path", "there"),
    [("/a", True), ("/a/b/c", True), ("/z/c", False), ("/a/b", False), ("/b", False), ("/", False)],
)
def test_a_path_is_there_if_something_answers_it_by_name(path: str, there: bool) -> None:
    """Neither one that others stand below, nor what a path with a parameter takes."""
    found: Any = api("/a", "/a/b", "/a/b/c", "/{x}", "/{all+}")
    found.methods["/a/b"] = {}
    assert has_path(found, ApiRequest("GET", path, (), b"").segments) is there


@pytest.mark.parametrize("path", ["/b", "/a/b", "/a/b/c/d", "//a"])
def test_what_nobody_defined_is_not_found(path: str) -> None:
    """No path matches beyond its end, or by a prefix."""
    assert route(api("/", "/a", "/a/b/c"), ApiRequest("GET", path, (), b"").segments, "GET") is None
