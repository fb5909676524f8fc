"""A local run on this machine, found by the environment file that it writes and by its answer at `/_local/status`."""

import contextlib
import ipaddress
import json
import os
import shlex
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ops.bundle import BUILD
from ops.errors import OperatorError

_FIRST = "local.env"
# Any of these says where the operator means to go: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html
_KEYS = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID")
_CHOICES = (*_KEYS, "AWS_REGION", "AWS_DEFAULT_REGION")
_ENDPOINT = "AWS_ENDPOINT_URL"
_SECONDS = 15.0


def adopt(region: str | None, environment: str | None) -> None:
    """Take a local run's variables into this process if nobody chose a place: no profile, region, endpoint or key.

    Of several runs that of the environment is taken, or else the first. An endpoint that was set by hand and is a run's
    gets what else that run's file says and the shell does not.
    """
    endpoint = os.environ.get(_ENDPOINT, "")
    if endpoint:
        for variables in map(read, _files()):
            if _same(variables.get(_ENDPOINT, ""), endpoint):
                _complete(variables)
        if not any(map(os.environ.get, _KEYS)) and status(endpoint) is not None:
            _complete({"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"})
        return
    if region is not None or any(map(os.environ.get, _CHOICES)) or overridden():
        return
    runs = [
        variables for variables in map(read, _files()) if status(variables.get(_ENDPOINT, "")) is not None
    ]
    runs.sort(key=lambda variables: variables.get("TIDEGAUGE_ENVIRONMENT") != environment)
    os.environ.update(runs[0] if runs else {})


def others(endpoint: str = "") -> list[Path]:
    """The environment files in `build/` of runs that answer, that at `endpoint` left out."""
    found = []
    for file in _files():
        url = read(file).get(_ENDPOINT, "")
        with contextlib.suppress(OperatorError):
            if not _same(url, endpoint) and status(url) is not None:
                found.append(file)
    return found


def overridden() -> list[str]:
    """The variables that send single services elsewhere."""
    return sorted(name for name, value in os.environ.items() if name.startswith(f"{_ENDPOINT}_") and value)


def read(file: Path) -> Mapping[str, str]:
    """The variables of an environment file; none if it is not there."""
    try:
        words = (shlex.split(line) for line in file.read_text(encoding="utf-8").splitlines())
        return dict(word[1].split("=", 1) for word in words if word[:1] == ["export"])
    except (OSError, ValueError, IndexError):
        return {}


def status(endpoint: str) -> Mapping[str, Any] | None:
    """The answer of a local run about itself; None if none is there, or the endpoint is not on this machine.

    OperatorError if something listens and does not answer in time: that may be a run that is busy.
    """
    if not is_here(endpoint):
        return None
    try:
        with urllib.request.urlopen(f"{endpoint.rstrip('/')}/_local/status", timeout=_SECONDS) as reply:  # noqa: S310 - this machine
            answer = json.loads(reply.read())
    except TimeoutError as error:
        raise OperatorError(
            f"{endpoint} listens and does not answer; if that is a local run, it is busy: try again, or choose "
            "an account by its region or AWS_PROFILE"
        ) from error
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None


def is_here(endpoint: str) -> bool:
    """True for an endpoint of this machine's own loopback interface."""
    try:
        url = urllib.parse.urlsplit(endpoint)
        local = url.hostname == "localhost" or ipaddress.ip_address(url.hostname or "").is_loopback
    except ValueError:
        return False
    return local and url.scheme == "http"


def _files() -> list[Path]:
    return sorted(BUILD.glob("local*.env"), key=lambda file: (file.name != _FIRST, file))


def _complete(variables: Mapping[str, str]) -> None:
    os.environ.update({name: value for name, value in variables.items() if name not in os.environ})


def _same(one: str, other: str) -> bool:
    """True if both are the same port of this machine."""
    return (
        is_here(one)
        and is_here(other)
        and urllib.parse.urlsplit(one).port == urllib.parse.urlsplit(other).port
    )
