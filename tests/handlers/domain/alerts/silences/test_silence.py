"""When a silence holds."""

from handlers.domain.alerts.silences.maintenance_window import MaintenanceWindow
from handlers.domain.alerts.silences.matcher import Matcher
from handlers.domain.alerts.silences.silence import NoSilences, Silence, SilenceSet
from tests.support.rules import a_rule

NOON = 1_763_769_600 - 1_763_769_600 % 86_400 + 43_200
DAILY = MaintenanceWindow(frozenset(range(7)), 12 * 60, 13 * 60, "UTC")
OTHERS = Matcher((("rule", ("disk-*",)),))


def a_silence(
    name: str = "a", until_s: int = NOON + 600, matcher: Matcher | None = None, **fields: object
) -> Silence:
    """A silence from noon on."""
    plain = Silence(name, matcher or Matcher(), NOON, until_s, "why", "who", NOON - 60)
    return plain if not fields else Silence(**{**{f: getattr(plain, f) for f in plain.__slots__}, **fields})


def test_a_silence_holds_from_its_begin_until_its_end() -> None:
    """The end is not in it."""
    silence = a_silence()
    assert [silence.holds(NOON + at) for at in (-1, 0, 599, 600)] == [False, True, True, False]
    assert [silence.is_over(NOON + at) for at in (0, 599.5, 600)] == [False, False, True]


def test_a_silence_that_recurs_holds_in_its_windows_alone() -> None:
    """From its begin on, and for ever where it has no end."""
    silence = a_silence(until_s=0, window=DAILY)
    years = 3_650 * 86_400
    assert [silence.holds(NOON + at) for at in (-86_400, 0, 3_599, 3_600, years, years + 3_600)] == [
        False, True, True, False, True, False,
    ]  # fmt: skip
    assert not silence.is_over(NOON + years)
    assert not a_silence(until_s=NOON + 86_400, window=DAILY).holds(NOON + 86_400)


def test_of_several_that_hold_the_one_that_lasts_longest_comes_first() -> None:
    """Those of other rules, and those that do not hold, are left out."""
    found = SilenceSet(
        (
            a_silence("short"), a_silence("long", NOON + 900), a_silence("other", matcher=OTHERS),
            a_silence("later", NOON + 999, from_s=NOON + 500), a_silence("ever", 0, window=DAILY),
            a_silence("also", NOON + 900),
        )
    )  # fmt: skip
    rule = a_rule(rule_id="cpu-hot")
    assert [silence.silence_id for silence in found.holding(rule, NOON)] == ["ever", "also", "long", "short"]
    assert not NoSilences().fresh().holding(rule, NOON)
