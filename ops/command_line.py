"""The command line of `ops`: its parser, where it goes, and what its failures look like."""

import argparse
import difflib
import importlib
import re
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from botocore.exceptions import BotoCoreError

from ops.errors import OperatorError, reason_of
from ops.output import sanitize
from ops.where import settle
from templates.version import version

_PROGRAM = "python -m ops"
_CHOICE = re.compile(r"invalid choice: '(?P<given>.*)' \(choose from (?P<known>.*)\)")
_WORD = re.compile(r"[\w-]+")


def run(commands: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Run one of the commands, which are modules of this package with a line of help each; its exit status."""
    options = _parser(commands, arguments).parse_args(arguments)
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
        choice = _CHOICE.search(message)
        if choice:
            alike = difflib.get_close_matches(choice["given"], _WORD.findall(choice["known"]))
            message += "".join(f"; did you mean {one}?" for one in alike[:1])
        super().error(message)


def _parser(commands: Mapping[str, str], arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(prog=_PROGRAM, description="The commands of the operator of a deployment.")
    parser.add_argument("--version", action="version", version=f"tidegauge {version()}")
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, text in commands.items():
        command = actions.add_parser(name, help=text)
        if name in arguments[:1]:
            importlib.import_module(f"ops.{name}").add_arguments(command)
    return parser
