"""The table of the clients' tokens: an item for each, under its hash, until it expires or is revoked."""

from typing import Any

from handlers.adapters.dynamodb.table import Table, number, text
from handlers.domain.clients.authorizing import KnownToken
from handlers.vocabulary import CLIENT_TOKENS_KEY, EXPIRES_AT


class ClientTokens:
    """Reads what is there now: a token that was added a moment ago is known, one that was revoked is not."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._table = Table(dynamodb, table, CLIENT_TOKENS_KEY)

    def find(self, hashed: str) -> KnownToken | None:
        """The token of this hash; None if there is none. TransientError if the table does not answer."""
        item = self._table.get(hashed)
        return KnownToken(text(item, "client"), number(item, EXPIRES_AT)) if item else None
