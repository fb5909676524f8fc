"""`ops console`: one page to look at, on 127.0.0.1, for the local run or for a deployed region."""

import argparse
import importlib.util
import json

from ops import stack
from ops.console.policy import policy
from ops.errors import OperatorError

PORT = 8090
_LAST_PORT = 65_535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `console`."""
    stack.add_options(parser, waits=True)
    parser.add_argument(
        "--port", type=_port, metavar="PORT", help=f"on 127.0.0.1 (default: {PORT}, or a free one)"
    )
    parser.add_argument(
        "--policy", action="store_true", help="print the IAM policy that the console needs to read, and end"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    if options.policy:
        print(json.dumps(policy(stack.settings(options.environment)), indent=2))
        return 0
    if importlib.util.find_spec("nicegui") is None:
        raise OperatorError(
            "the console's packages are not installed: make console, or bash ops/install.sh console"
        )
    from ops.console import server  # noqa: PLC0415 - it loads a web server, which no other command needs

    found = stack.find(options.environment, options.region)
    with server.listening(options.port, otherwise=PORT) as listener:
        print(f"console  http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        server.serve(listener, environment=options.environment, region=found.region)
    return 0


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; give a number from 1 to {_LAST_PORT}")
    return int(text)
