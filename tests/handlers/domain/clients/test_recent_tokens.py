"""Tokens that were found a moment ago."""

from handlers.domain.clients.authorizing import KnownToken
from handlers.domain.clients.recent_tokens import KEPT_S, RecentTokens


class Tokens:
    """A table of tokens, with what it was asked for; the clock stands where it is put."""

    def __init__(self, **clients: str) -> None:
        self.clients = clients
        self.asked: list[str] = []
        self.now_s = 1_000.0

    def find(self, hashed: str) -> KnownToken | None:
        """The token of a hash."""
        self.asked.append(hashed)
        return KnownToken(self.clients[hashed]) if hashed in self.clients else None


def test_a_token_is_asked_for_again_after_its_time_and_when_the_clock_was_set_back() -> None:
    """So it never outlives its revocation by more than that."""
    table = Tokens(a="edge")
    recent = RecentTokens(table, lambda: table.now_s)
    for forward_s, asked in ((0, 1), (KEPT_S - 1, 1), (1, 2), (-KEPT_S - 1, 3)):
        table.now_s += forward_s
        assert recent.find("a") == KnownToken("edge")
        assert len(table.asked) == asked


def test_what_is_no_token_is_asked_for_each_time() -> None:
    """A token that is added is known at once."""
    table = Tokens()
    recent = RecentTokens(table, lambda: table.now_s)
    assert recent.find("a") is None
    table.clients["a"] = "edge"
    assert recent.find("a") == KnownToken("edge")


def test_the_memory_of_a_process_is_bounded() -> None:
    """Of very many clients, some are asked for again."""
    table = Tokens(**{f"t{number}": "edge" for number in range(2_500)})
    recent = RecentTokens(table, lambda: table.now_s)
    for hashed in table.clients:
        assert recent.find(hashed)
    for hashed in list(table.clients)[-100:]:
        recent.find(hashed)
    assert len(table.asked) == 2_500
