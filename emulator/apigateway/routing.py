"""Finds the method for a path and verb, as API Gateway does: literal parts first, then {one}, then {greedy+}."""

from collections.abc import Sequence

from emulator.apigateway.api import Api, Method


def route(api: Api, segments: Sequence[str], verb: str) -> tuple[Method, dict[str, str]] | None:
    """The method and its path parameters; None when the API has neither the path nor the method."""
    matches = [
        (_rank(path), methods, parameters)
        for path, methods in api.methods.items()
        if (parameters := _match(path, segments)) is not None
    ]
    if not matches:
        return None
    _, methods, parameters = min(matches, key=lambda match: match[0])
    method = methods.get(verb) or methods.get("ANY")
    return None if method is None else (method, parameters)


def has_path(api: Api, segments: Sequence[str]) -> bool:
    """True if the API has a path of these very parts, whatever the verb."""
    return any(
        methods and "{" not in path and _match(path, segments) is not None
        for path, methods in api.methods.items()
    )


def _parts(path: str) -> Sequence[str]:
    return path.split("/")[1:] if path != "/" else ()


def _rank(path: str) -> tuple[int, ...]:
    return tuple(2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in _parts(path))


def _match(path: str, segments: Sequence[str]) -> dict[str, str] | None:
    parts = _parts(path)
    parameters: dict[str, str] = {}
    for index, part in enumerate(parts):
        if part.endswith("+}"):
            if index >= len(segments):
                return None
            parameters[part[1:-2]] = "/".join(segments[index:])
            return parameters
        if index >= len(segments):
            return None
        if part.startswith("{"):
            parameters[part[1:-1]] = segments[index]
        elif part != segments[index]:
            return None
    return parameters if len(parts) == len(segments) else None
