"""`python -m ops`: what the operator of a deployment types."""

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

_PROGRAM = "python -m ops"

# Each is a module of this package, with `add_arguments(parser)`. Only the one that is called is imported: some take
# the templates with them, and so most of a second.
COMMANDS: Mapping[str, str] = {
    "bundle": "build the functions' code with its dependencies",
    "publish": "create the artifacts stack and upload the functions' code",
    "deploy": "create or update the regional stack with the code that publish uploaded",
    "rollout": "bring code and templates to every region, canary first",
    "fleet": "every region: status, networks, taking a region's data back",
    "cost": "price a month of an environment, idle and under a load",
    "console": "one page to look at: pipeline, metrics, alerts, quarantine, exports, fleet",
    "query": "ask the metrics in SQL",
    "send": "send the points of a file to the ingest API",
    "quarantine": "points that were accepted and could not be stored: list, show, redrive",
    "metrics": "metrics and series, with dimensions and last values",
    "check": "hold points of a file against the rules of the pipeline, before they are sent",
    "rules": "alert rules: check, plan, apply, list, delete",
    "alerts": "alerts: list, show",
    "export": "export hours, and see how the exports are",
    "status": "one region in one screen: what runs, what is late, what is wrong",
    "logs": "log lines of functions, state machines and the API, or of one request",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status says whether it did what was asked, or that it was interrupted."""
    try:
        status = _main(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read, `head` say, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return status


def _main(arguments: Sequence[str]) -> int:
    # Loading these takes a moment, in which Ctrl-C must already end in silence.
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - see above

    from ops.errors import OperatorError, reason_of  # noqa: PLC0415 - see above
    from ops.output import sanitize  # noqa: PLC0415 - see above
    from ops.where import settle  # noqa: PLC0415 - see above

    options = _parser(arguments).parse_args(arguments)
    try:
        settle(options)
        status: int = options.run(options)
    except (OperatorError, BotoCoreError) as error:
        text = str(error) if isinstance(error, OperatorError) else reason_of(error)
        message = "\n".join(map(sanitize, text.split("\n")))
        print(f"{_PROGRAM}: {message}", file=sys.stderr)
        return 1
    return status


class _Parser(argparse.ArgumentParser):
    """A parser that answers with its help when nothing at all is asked of it."""

    def error(self, message: str) -> NoReturn:
        """Show the help if only the subcommand is missing, else the usage and what is wrong."""
        if message.endswith("required: COMMAND"):
            self.print_help()
            self.exit()
        super().error(message)


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    from templates.version import version  # noqa: PLC0415 - see above

    parser = _Parser(prog=_PROGRAM, description=__doc__)
    parser.add_argument("--version", action="version", version=f"tidegauge {version()}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text)
        if name in arguments[:1]:
            importlib.import_module(f"ops.{name}").add_arguments(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
