"""SIGKILL for a process of the local run at a random moment, as the machine's memory or a person may end it."""

import random

import psutil

from tests.support.local_run import LocalRun


def kill_one(run: LocalRun, chance: random.Random) -> bool:
    """True once a process of the run has been killed: a function's, or the store's, but not the endpoint's own."""
    children = psutil.Process(run.process.pid).children(recursive=True)
    alive = sorted((one for one in children if one.is_running()), key=lambda one: one.pid)
    if not alive:
        return False
    try:
        chance.choice(alive).kill()
    except psutil.NoSuchProcess:
        return False
    return True
