"""Clients at the end of a process, and in the child of a fork."""

from __future__ import annotations

import atexit
import os
import sys
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidegauge_client.client import Client

_clients: weakref.WeakSet[Client] = weakref.WeakSet()


def watch(client: Client) -> None:
    """Close the client when the process ends, and let it start afresh in the child of a fork."""
    _clients.add(client)


def end_with_multiprocessing() -> None:
    """Close the clients at the end of a process of `multiprocessing`, too, which comes without what `atexit` has."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.Finalize(None, _end, exitpriority=100)


def _end() -> None:
    clients = list(_clients)
    for client in clients:  # all at once, so that several wait no longer than one
        client.begin_close()
    for client in clients:
        client.close()


def _start_afresh() -> None:
    for client in list(_clients):
        client.start_afresh()


atexit.register(_end)
if hasattr(os, "register_at_fork"):  # where there is no fork there is nothing to do
    os.register_at_fork(after_in_child=_start_afresh)
