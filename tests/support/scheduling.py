"""Units of work for the workers of `pytest -n`: a file, or a folder whose files share a local run."""

import re

from xdist.scheduler import LoadFileScheduling

_SHARED = re.compile(r"tests/pipeline/shared/")


class SharedRunScheduling(LoadFileScheduling):
    """Like `--dist loadfile`, but every file of a folder of shared runs goes to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        """The unit of work that a test belongs to."""
        shared = _SHARED.match(nodeid)
        return shared[0] if shared else str(super()._split_scope(nodeid))
