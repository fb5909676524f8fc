"""The judge of the soak's alerts: a change that was not told, or told twice, is a difference."""

from typing import Any

from tests.support.soak.alerts import compared, unlike

PHASES = [False, True, False, True]


def message(sequence: int, state: str, untold: int = 0) -> dict[str, Any]:
    """A notification of the only room."""
    return {
        "group": {"room": "room-0"}, "sequence": sequence, "state": state, "untold": untold, "at": f"{sequence}",
        "kind": state,
    }  # fmt: skip


def test_each_change_is_told_once() -> None:
    """Three changes are three notifications, or fewer that stand for others; the last has the last state."""
    three = [message(1, "ALARM"), message(2, "OK"), message(3, "ALARM")]
    assert compared(PHASES, 1, three) == []
    assert compared(PHASES, 1, [message(1, "ALARM"), message(3, "ALARM", untold=1)]) == []
    assert compared(PHASES, 1, three[:2]) != []
    assert compared(PHASES, 1, [*three, message(4, "OK"), message(5, "ALARM")]) != []
    assert compared(PHASES, 1, [message(1, "ALARM"), message(3, "OK", untold=1)]) != []
    assert compared(PHASES, 1, []) != []


def test_a_subscriber_may_lack_what_was_given_up_and_nothing_else() -> None:
    """A subscriber that died lacks at most as many notifications as SNS gave up, and has none of its own."""
    assert unlike({"a", "b"}, {"a", "b"}, 0) == []
    assert unlike({"a", "b"}, {"a"}, 1) == []
    assert unlike({"a", "b"}, {"a"}, 0) != []
    assert unlike({"a"}, {"a", "b"}, 1) != []
