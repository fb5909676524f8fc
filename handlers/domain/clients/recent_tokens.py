"""Tokens that were found a moment ago, so that not every request asks the table."""

from collections.abc import Callable
from dataclasses import dataclass, field

from handlers.domain.clients.authorizing import KnownToken, KnownTokens

KEPT_S = 30.0
"""Seconds that a token is known for without asking again, and that a revoked one may still be taken for."""

# Of more clients than these, some are asked for again.
_MOST = 1_000


@dataclass(frozen=True)
class RecentTokens:
    """Tokens from elsewhere, each kept for a while; what is no token is never kept, so that a new one is known at once.

    `clock` tells seconds since 1970.
    """

    tokens: KnownTokens
    clock: Callable[[], float]
    _found: dict[str, tuple[KnownToken, float]] = field(default_factory=dict, init=False)

    def find(self, hashed: str) -> KnownToken | None:
        """The token of this hash; None if there is none. TransientError if it has to be asked for, and cannot be."""
        now_s = self.clock()
        known, until_s = self._found.get(hashed, (None, 0.0))
        if known is not None and now_s < until_s <= now_s + KEPT_S:
            return known
        known = self.tokens.find(hashed)
        self._found.pop(hashed, None)
        if known is not None:
            if len(self._found) >= _MOST:
                self._found.clear()
            self._found[hashed] = (known, now_s + KEPT_S)
        return known
