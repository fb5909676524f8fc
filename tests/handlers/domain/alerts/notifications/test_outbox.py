"""Claim, publish, confirm under every crash: no notification is lost, and none is sent by two at once."""

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.domain.alerts.notifications.notification import Notification
from handlers.domain.alerts.notifications.outbox import (
    CLAIM_SECONDS,
    Entry,
    due_entries,
)

ENTRY = Entry(
    Notification("a" * 32, "subject", "message", {"state": {"DataType": "String", "StringValue": "OK"}})
)
EXPRESS_SECONDS = 300


def claim(entry: Entry, now_s: int) -> Entry | None:
    """The entry as the state machine's Claim leaves it, or None where its condition fails."""
    return replace(entry, claimed_at_s=now_s) if entry.may_be_claimed(now_s) else None


def confirm(entry: Entry, now_s: int) -> Entry:
    """The entry as the state machine's Confirm leaves it."""
    return replace(entry, confirmed_at_s=now_s)


def test_an_entry_is_claimed_by_one() -> None:
    """The second execution, while the first may still be at work, gets nothing."""
    claimed = claim(ENTRY, 1_000)
    assert claimed is not None
    assert claim(claimed, 1_000) is None
    assert claim(claimed, 1_000 + EXPRESS_SECONDS) is None


def test_a_claim_whose_execution_must_be_dead_is_free_again() -> None:
    """After longer than an Express execution can live, the entry is due once more."""
    claimed = claim(ENTRY, 1_000)
    assert claimed is not None
    assert due_entries([claimed], 1_000 + CLAIM_SECONDS) == []
    assert due_entries([claimed], 1_001 + CLAIM_SECONDS) == [claimed]


def test_what_is_confirmed_is_never_due_again() -> None:
    """A published notification stays published."""
    claimed = claim(ENTRY, 1_000)
    assert claimed is not None
    assert due_entries([confirm(claimed, 1_001)], 10**9) == []


def test_what_nobody_claimed_comes_first() -> None:
    """New notifications do not wait behind old failures."""
    stale = Entry(ENTRY.notification, claimed_at_s=1)
    assert due_entries([stale, ENTRY], 10_000) == [ENTRY, stale]


@dataclass
class _World:
    """One entry, executions that may die anywhere, and the messages that left."""

    entry: Entry = ENTRY
    now: int = 1_000
    published: list[int] = field(default_factory=list)

    def execute(self, dies_after: str, takes: int) -> None:
        claimed = claim(self.entry, self.now)
        if claimed is None:
            return
        self.entry = claimed
        if dies_after == "claim":
            return
        self.published.append(self.now + takes)
        if dies_after == "publish":
            return
        self.entry = confirm(self.entry, self.now + takes)


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["claim", "publish", "never"]),
            st.integers(0, EXPRESS_SECONDS),
            st.integers(0, 400),
        ),
        max_size=12,
    )
)
def test_whatever_dies_the_notification_leaves_and_rarely_twice(runs: list[tuple[str, int, int]]) -> None:
    """After any crashes the next sweep publishes; a copy can follow only a crash between publish and confirm."""
    world = _World()
    crashes_after_publish = 0
    for dies_after, takes, pause in runs:
        before = len(world.published)
        world.execute(dies_after, takes)
        crashes_after_publish += dies_after == "publish" and len(world.published) > before
        world.now += pause
    world.now += CLAIM_SECONDS + 1
    world.execute("never", 0)
    assert world.entry.confirmed_at_s
    assert 1 <= len(world.published) <= crashes_after_publish + 1
