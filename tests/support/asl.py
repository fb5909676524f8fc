"""Walks an execution through a definition in Amazon States Language, call by call, so that anything may happen between.

`walk` is a generator: it yields each `Call`, `Pause` and `Branches` and is sent what came of it, or has a `StateError`
thrown into it. It knows what `statemachines/alert_evaluation.asl.json` says and refuses everything else.
"""

import json
import random
import uuid
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Path = Generator["Call | Pause | Branches", Any, Any]


class StateError(Exception):
    """The failure of a task's call, by the name that a definition's `ErrorEquals` has for it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class FailedError(Exception):
    """The execution came to a Fail state."""


@dataclass(frozen=True)
class Call:
    """A task's call: the state it stands in, the integration, its parameters."""

    state: str
    resource: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Pause:
    """Seconds that the execution waits."""

    seconds: float


@dataclass(frozen=True)
class Branches:
    """Ways that go on side by side, at most so many at a time; a list of their outputs is the answer."""

    paths: Sequence[Path]
    most: int


def walk(machine: Mapping[str, Any], document: Any, chance: random.Random, context: Any = None) -> Path:
    """The way of an execution, or of an item of a Map, through the states; its value is the output."""
    name = machine["StartAt"]
    while True:
        state = machine["States"][name]
        try:
            document = yield from _enter(name, state, document, chance, context)
        except StateError as error:
            document, name = _caught(state, document, error)
            continue
        if state["Type"] == "Choice":
            name = _chosen(state, document)
        elif state["Type"] == "Succeed" or state.get("End"):
            return document
        else:
            name = state["Next"]


def _enter(name: str, state: Mapping[str, Any], document: Any, chance: random.Random, context: Any) -> Path:
    """The document that leaves a state."""
    match state["Type"]:
        case "Choice" | "Succeed":
            return document
        case "Fail":
            raise FailedError(state["Error"])
        case "Wait":
            yield Pause(_at(document, state["SecondsPath"]) if "SecondsPath" in state else state["Seconds"])
            return document
        case "Pass":
            result = (
                state["Result"]
                if "Result" in state
                else _filled(state["Parameters"], document, context, chance)
                if "Parameters" in state
                else document
            )
        case "Task":
            parameters = _filled(state["Parameters"], document, context, chance)
            result = yield from _tried(Call(name, state["Resource"], parameters), state, chance)
        case "Map":
            result = yield from _mapped(state, document, chance, context)
        case kind:
            raise AssertionError(kind)
    if "ResultSelector" in state:
        result = _filled(state["ResultSelector"], result, context, chance)
    return _placed(state.get("ResultPath", "$"), document, result)


def _tried(call: Call, state: Mapping[str, Any], chance: random.Random) -> Path:
    """The answer to a call that is tried as often as the state's retriers say."""
    used = dict.fromkeys(range(len(state.get("Retry", []))), 0)
    while True:
        try:
            return (yield call)
        except StateError as error:
            found = _matching(state.get("Retry", []), error)
            if found is None or used[found] >= state["Retry"][found].get("MaxAttempts", 3):
                raise
            retrier = state["Retry"][found]
            pause = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2) ** used[found]
            pause = min(pause, retrier.get("MaxDelaySeconds", pause))
            used[found] += 1
            yield Pause(chance.uniform(0, pause) if retrier.get("JitterStrategy") == "FULL" else pause)


def _mapped(state: Mapping[str, Any], document: Any, chance: random.Random, context: Any) -> Path:
    """The outputs of a Map's items, which go on side by side."""
    paths = []
    for item in _at(document, state["ItemsPath"]):
        inner = {"Map": {"Item": {"Value": item}}}
        entered = _filled(state["ItemSelector"], document, inner, chance) if "ItemSelector" in state else item
        paths.append(walk(state["ItemProcessor"], entered, chance, inner))
    return (yield Branches(paths, state.get("MaxConcurrency", 40)))


def _caught(state: Mapping[str, Any], document: Any, error: StateError) -> tuple[Any, str]:
    """The document and the state with which a failed state goes on."""
    found = _matching(state.get("Catch", []), error)
    if found is None:
        raise error
    catcher = state["Catch"][found]
    known = {"Error": error.name, "Cause": "on request"}
    return _placed(catcher.get("ResultPath", "$"), document, known), catcher["Next"]


def _matching(rules: Sequence[Mapping[str, Any]], error: StateError) -> int | None:
    for number, rule in enumerate(rules):
        names = rule["ErrorEquals"]
        if error.name in names or "States.ALL" in names:
            return number
        if "States.TaskFailed" in names and error.name != "States.Timeout":
            return number
    return None


def _chosen(state: Mapping[str, Any], document: Any) -> str:
    for choice in state["Choices"]:
        if _holds(choice, document):
            return str(choice["Next"])
    return str(state["Default"])


def _holds(choice: Mapping[str, Any], document: Any) -> bool:
    if "And" in choice:
        return all(_holds(part, document) for part in choice["And"])
    if "Or" in choice:
        return any(_holds(part, document) for part in choice["Or"])
    if "Not" in choice:
        return not _holds(choice["Not"], document)
    ((test, wanted),) = ((name, value) for name, value in choice.items() if name not in {"Variable", "Next"})
    if test == "IsPresent":
        return _is_present(document, choice["Variable"]) == wanted
    value = _at(document, choice["Variable"])
    match test:
        case "BooleanEquals" | "StringEquals" | "NumericEquals":
            return bool(value == wanted)
        case "NumericGreaterThan":
            return bool(value > wanted)
    raise AssertionError(test)


def _filled(template: Any, document: Any, context: Any, chance: random.Random) -> Any:
    """A payload template with its paths and functions replaced."""
    if isinstance(template, list):
        return [_filled(item, document, context, chance) for item in template]
    if not isinstance(template, dict):
        return template
    return {
        name.removesuffix(".$"): str(uuid.UUID(int=chance.getrandbits(128)))
        if value == "States.UUID()"
        else _evaluated(value, document, context)
        if name.endswith(".$")
        else _filled(value, document, context, chance)
        for name, value in template.items()
    }


def _evaluated(expression: str, document: Any, context: Any) -> Any:
    """The value of a path or an intrinsic function."""
    if expression.startswith("$$."):
        return _at(context, "$" + expression[2:])
    if expression.startswith("$"):
        return _at(document, expression)
    function, _, rest = expression.partition("(")
    arguments = [_argument(part.strip(), document, context) for part in _split(rest.removesuffix(")"))]
    match function:
        case "States.ArrayContains":
            return arguments[1] in arguments[0]
        case "States.ArrayLength":
            return len(arguments[0])
        case "States.JsonToString":
            return json.dumps(arguments[0])
        case "States.MathAdd":
            return arguments[0] + arguments[1]
        case "States.Format":
            text = arguments[0]
            for value in arguments[1:]:
                text = text.replace("{}", value if isinstance(value, str) else json.dumps(value), 1)
            return text
    raise AssertionError(expression)


def _split(arguments: str) -> list[str]:
    """The arguments of a function: at commas that stand in no brackets."""
    parts, depth = [""], 0
    for character in arguments:
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _argument(text: str, document: Any, context: Any) -> Any:
    if text.startswith("'"):
        return text.strip("'")
    if text.startswith(("$", "States.")):
        return _evaluated(text, document, context)
    return json.loads(text)


def _at(document: Any, path: str) -> Any:
    """The value at a path; of each member where the path says `[*]`."""
    for number, step in enumerate(steps := path.split(".")):
        if step in {"$[*]", "[*]"}:
            rest = ".".join(["$", *steps[number + 1 :]])
            return [_at(item, rest) for item in document]
        if step != "$":
            document = document[step]
    return document


def _is_present(document: Any, path: str) -> bool:
    try:
        _at(document, path)
    except (KeyError, TypeError):
        return False
    return True


def _placed(path: str | None, document: Any, result: Any) -> Any:
    """The document with a result at a path; `$` replaces all of it, null drops the result."""
    if path is None:
        return document
    if path == "$":
        return result
    *maps, last = path.split(".")[1:]
    copy = inner = dict(document)
    for step in maps:
        inner[step] = dict(inner.get(step, {}))
        inner = inner[step]
    inner[last] = result
    return copy
