"""`python -m ops`: what the operator of a deployment types."""

import argparse
import sys
from collections.abc import Sequence

from ops import alerts, bundle, deploy, export, fleet, query, rollout, rules
from ops.errors import OperatorError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status says whether it did what was asked."""
    parser = argparse.ArgumentParser(prog="python -m ops", description=__doc__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    bundle.add_command(commands)
    deploy.add_commands(commands)
    rollout.add_command(commands)
    fleet.add_command(commands)
    query.add_command(commands)
    rules.add_command(commands)
    alerts.add_command(commands)
    export.add_command(commands)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
    except OperatorError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
