"""Who gives a command, for those who see what it did."""

import argparse
import getpass

from ops.errors import refusals
from ops.stack import Target

MOST_BYTES = 500


def whoever(options: argparse.Namespace, target: Target) -> str:
    """The caller, as AWS knows it; on this machine the user's name."""
    if options.place.local:
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return "somebody on this machine"
    with refusals("cannot tell who this is"):
        return str(target.client("sts").get_caller_identity()["Arn"])[:MOST_BYTES]
