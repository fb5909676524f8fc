"""`/_local/…`: what a person or a test asks of the local run itself."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from emulator.aws_request import AwsRequest
from emulator.clock import Clock
from emulator.faults import FaultError
from emulator.faults.controls import FaultControls
from emulator.http_server import Response
from emulator.iam.access import Access
from emulator.responses import as_json

StatusProvider = Callable[[], Any]
BeforeJump = Callable[[float], contextlib.AbstractContextManager[bool]]
"""Prepares a move of the clock by so many seconds, which happens within; True if nothing under way is hurt by it."""


class AdminApi:
    """Answers the admin routes, and holds what others add to the status."""

    def __init__(self, access: Access, clock: Clock, faults: FaultControls) -> None:
        self._clock = clock
        self._faults = faults
        self._before_jump: BeforeJump = lambda _: contextlib.nullcontext(True)
        self._providers: dict[str, StatusProvider] = {}
        self._lock = threading.Lock()
        self._routes: dict[tuple[str, str], Callable[[AwsRequest], Response]] = {
            ("GET", "/_local/status"): lambda _: as_json(self.status()),
            ("GET", "/_local/permissions"): lambda _: as_json(access.describe()),
            ("GET", "/_local/faults"): lambda _: as_json(faults.describe()),
            ("POST", "/_local/faults"): self._add_faults,
            ("DELETE", "/_local/faults"): lambda _: self._clear_faults(),
            ("GET", "/_local/clock"): lambda _: as_json(self._describe_clock()),
            ("POST", "/_local/clock"): self._move_clock,
        }

    def before_jump(self, prepare: BeforeJump) -> None:
        """Have the clock moved within what this prepares."""
        self._before_jump = prepare

    def add_status(self, name: str, provider: StatusProvider) -> None:
        """Show what `provider` returns under this name in the status."""
        with self._lock:
            self._providers[name] = provider

    def status(self) -> dict[str, Any]:
        """The clock, and under its name the part of every provider."""
        with self._lock:
            providers = dict(self._providers)
        return {"clock": self._describe_clock(), **{name: provider() for name, provider in providers.items()}}

    def answer(self, request: AwsRequest) -> Response:
        """The reply of an admin route; 404 and 405 for what there is not."""
        route = self._routes.get((request.method, request.path))
        if route is not None:
            try:
                return route(request)
            except FaultError as error:
                return as_json({"error": str(error), "field": error.field}, 400)
        allowed = [method for method, path in self._routes if path == request.path]
        if allowed:
            reply = as_json(
                {"error": f"{request.method} is not for {request.path}: {', '.join(allowed)}"}, 405
            )
            return replace(reply, headers=(*reply.headers, ("Allow", ", ".join(allowed))))
        return as_json({"error": f"there is no {request.path}"}, 404)

    def _describe_clock(self) -> dict[str, Any]:
        return {"now": self._clock.utcnow().isoformat(), "offset_seconds": self._clock.offset_s}

    def _move_clock(self, request: AwsRequest) -> Response:
        body = _object(request)
        at_once = body.pop("at_once", False)
        if not isinstance(at_once, bool):
            raise FaultError("at_once", "must be true or false")
        for name in body:
            if name not in {"advance_seconds", "offset_seconds"}:
                raise FaultError(name, "unknown; give advance_seconds or offset_seconds")
        if len(body) != 1:
            raise FaultError("advance_seconds", "give either advance_seconds or offset_seconds")
        ((name, value),) = body.items()
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FaultError(name, "must be a number of seconds")
        seconds = value if name == "advance_seconds" else value - self._clock.offset_s
        try:
            self._clock.check_advance(seconds)
            with contextlib.nullcontext(False) if at_once else self._before_jump(seconds) as waited:
                self._clock.advance(seconds)
        except ValueError as error:
            raise FaultError(name, str(error)) from error
        return as_json({**self._describe_clock(), "stream_empty": waited})

    def _add_faults(self, request: AwsRequest) -> Response:
        self._faults.add(_object(request))
        return as_json(self._faults.describe())

    def _clear_faults(self) -> Response:
        self._faults.clear()
        return as_json(self._faults.describe())


def _object(request: AwsRequest) -> dict[str, Any]:
    try:
        body = request.json()
    except orjson.JSONDecodeError as error:
        raise FaultError("body", f"is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise FaultError("body", "must be a JSON object")
    return body
