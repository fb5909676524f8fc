"""The place that a command talks to, said before anything else: the local run on this machine, or an AWS account."""

import argparse
import contextlib
import os
import socket
import sys
import urllib.parse
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from ops import local_run, stack
from ops.bundle import relative
from ops.errors import OperatorError, reason_of
from ops.output import sanitize

DEFAULT_ENVIRONMENT = "dev"
_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in words; `local` is true for the local run, where nothing can be broken, `there` if it can be asked."""

    name: str
    local: bool
    there: bool = True


def settle(options: argparse.Namespace) -> None:
    """Complete the options of a command by its environment and place, and say both in a line on standard error.

    OperatorError if the endpoint is of a local run that is not there, unless the command waits for it.
    """
    if "environment" not in options:
        _say("this machine", "no AWS is asked")
        return
    with contextlib.suppress(OperatorError) if options.offline else contextlib.nullcontext():
        local_run.adopt(options.region, options.environment)
    options.environment = (
        options.environment or os.environ.get("TIDEGAUGE_ENVIRONMENT") or DEFAULT_ENVIRONMENT
    )
    targets = stack.targets(options)
    name = targets[0].config.stack_name
    if options.offline:
        _say(name, "this machine, no AWS is asked")
        return
    regions = [target.region for target in targets]
    options.place = place(regions[0])
    _say(name, ", ".join(regions), options.place.name)
    if not options.place.there and not options.waits:
        others = ", ".join(f"source {relative(file)}" for file in local_run.others())
        instead = f" Another run answers: {others}" if others else ""
        address = options.place.name.removeprefix("nothing ")
        raise OperatorError(f"nothing listens {address}; is `make run` up?{instead}")
    running = os.environ.get("TIDEGAUGE_ENVIRONMENT")
    if not options.place.local:
        for file in local_run.others():
            print(f"note: a local run answers, too; for it: source {relative(file)}", file=sys.stderr)
    elif running and running != options.environment:
        print(
            f"note: the local run is of {running}; for an account give a region, or AWS_PROFILE",
            file=sys.stderr,
        )


def place(region: str) -> Place:
    """The place that clients of a region talk to."""
    try:
        client = stack.client("sts", region)
        endpoint = str(client.meta.endpoint_url)
        if (urllib.parse.urlsplit(endpoint).hostname or "").endswith(_AWS):
            account = client.get_caller_identity()["Account"]
            return Place(f"account {account}{_exceptions()}", local=False)
    except NoCredentialsError:
        return Place("no AWS credentials", local=False)
    except (BotoCoreError, ClientError) as error:
        return Place(f"account unknown ({reason_of(error)})", local=False)
    address = urllib.parse.urlsplit(endpoint).netloc
    if local_run.status(endpoint) is not None:
        return Place(f"local run at {address}{_exceptions()}", local=not local_run.overridden())
    if local_run.is_here(endpoint) and not _listens(endpoint):
        return Place(f"nothing at {address}", local=True, there=False)
    return Place(f"endpoint {endpoint}{_exceptions()}", local=False)


def _say(*parts: str) -> None:
    print(" · ".join(map(sanitize, parts)), file=sys.stderr, flush=True)


def _exceptions() -> str:
    """A remark on services that have endpoints of their own."""
    names = local_run.overridden()
    return f" (but {', '.join(names)})" if names else ""


def _listens(endpoint: str) -> bool:
    url = urllib.parse.urlsplit(endpoint)
    try:
        socket.create_connection((url.hostname, url.port or 80), timeout=5).close()
    except OSError:
        return False
    return True
