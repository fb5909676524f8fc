"""`python -m ops`: what the operator of a deployment types."""

import argparse
import importlib
import os
import sys
from collections.abc import Mapping, Sequence

from ops.errors import OperatorError
from ops.output import sanitize

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
    "quarantine": "points that were accepted and could not be stored: list",
    "metrics": "metrics and series, with dimensions and last values",
    "rules": "alert rules: check, plan, apply, list, delete",
    "alerts": "alerts: list, show",
    "export": "export hours, and see how the exports are",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status says whether it did what was asked."""
    given = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="python -m ops", description=__doc__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text)
        if name in given[:1]:
            importlib.import_module(f"ops.{name}").add_arguments(command)
    options = parser.parse_args(given)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read, `head` say, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OperatorError as error:
        message = "\n".join(sanitize(line) for line in str(error).split("\n"))
        print(f"{parser.prog}: {message}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
