"""Units of work for the workers of `pytest -n`."""

from xdist.scheduler import LoadFileScheduling

from tests.support.units import unit_of


class SharedRunScheduling(LoadFileScheduling):
    """Like `--dist loadfile`, but every file of a folder of shared runs goes to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        """The unit of work that a test belongs to."""
        return unit_of(nodeid)
