"""The AWS CLI, whose commands are shown before they run: to be typed, read in a CI log, or run by another tool."""

import shlex
import subprocess
import sys
from pathlib import Path

from ops.bundle import ROOT, relative
from ops.errors import OperatorError

_AWS = Path(sys.executable).with_name("aws")


def run(*arguments: str) -> None:
    """Show and run one command in the project's folder; OperatorError when it fails."""
    show("aws", *arguments)
    done = subprocess.run([str(_AWS), *arguments], cwd=ROOT, check=False)
    if done.returncode != 0:
        raise OperatorError(
            f"`aws {arguments[0]} {arguments[1]}` ended with status {done.returncode}; see above"
        )


def show(*words: str) -> None:
    """Show a command as it is typed."""
    print("$", shlex.join(words), flush=True)


def deploy_stack(region: str, stack_name: str, template: Path, *options: str) -> None:
    """Create or update a stack from a template file; nothing to change is no failure."""
    run(
        *("cloudformation", "deploy", "--region", region, "--stack-name", stack_name),
        *("--template-file", relative(template), *options),
        *("--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset"),
    )
