"""The store of a deployment's points as commands ask it: one port, and an adapter for each kind of store."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `store`."""
    from ops.store_copy import command  # noqa: PLC0415 - it needs the stack, which needs the stores

    command.add_actions(parser)
